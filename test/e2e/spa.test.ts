import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { closeAfterLook, hasChromium } from './chromium.ts'
import { type Sample, startSample, Visit } from './spa.ts'
import { faintTexts, namelessControls, overflowing } from './spa-look.ts'

const { alice, bob, carol } = users

describe.skipIf(lacks('chromium', hasChromium))('the sample page', () => {
  let sample: Sample
  let visit: Visit
  beforeAll(async () => {
    sample = await startSample()
  })
  afterAll(() => sample?.close())
  beforeEach(async () => {
    visit = await Visit.begin(sample)
    return async () => {
      await visit.page.context().close()
      expect(visit.complaints).toEqual([])
    }
  })

  it('signs in by popup, calls the API and answers its challenges', async () => {
    const { page } = visit
    await visit.signInByPopup('Sign in', alice)
    expect(await visit.active()).toBe(alice.name)
    expect(await visit.latest()).toEqual({
      title: 'Sign in with a popup',
      outcome: 'Signed in as Alice Ahlgren.',
      requests: ['GET 200', 'POST 200 authorization_code'],
    })

    await visit.press('Read notes')
    expect(await page.textContent('#answer')).toContain('Welcome, Alice Ahlgren.')
    expect((await visit.latest()).requests).toEqual(['GET 200'])

    await visit.press('Challenge, answered silently')
    expect(await visit.latest()).toEqual({
      title: 'Challenge, answered silently',
      outcome: 'The API answered 200, after a claims challenge.',
      requests: ['GET 401', 'POST 200 refresh_token', 'GET 200'],
    })

    await visit.press('Challenge, you sign in again')
    expect((await visit.latest()).requests).toEqual(['GET 401', 'POST 400 refresh_token'])
    expect(await page.textContent('#challenge')).toContain('"value":"c2"')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in again')
    await visit.signInByPopup('Sign in again', alice)
    expect(await visit.latest()).toEqual({
      title: 'Answer the API with a popup',
      outcome: 'The API answered 200.',
      requests: ['POST 200 authorization_code', 'GET 200'],
    })
    expect(await page.isVisible('#challenge')).toBe(false)

    await page.getByLabel('A new note').fill('Buy milk')
    await visit.press('Add')
    expect(await page.textContent('#answer')).toContain('Buy milk')
    expect((await visit.latest()).requests).toEqual(['POST 200 refresh_token', 'POST 201'])

    await visit.press('Read profile')
    expect(await page.textContent('#answer')).toContain(alice.username)
    await visit.expectDiscreet()
  })

  it('gets tokens from the cache or the provider, and shows how long they live', async () => {
    const { page } = visit
    await visit.signInByPopup(`Sign in as ${alice.name}`, alice)
    await visit.press('Get it silently')
    expect(await visit.latest()).toMatchObject({ outcome: 'The token came from the cache.', requests: [] })
    await visit.press('Force a refresh')
    expect(await visit.latest()).toMatchObject({ outcome: 'The provider gave a new token.', requests: ['POST 200 refresh_token'] })

    expect(await page.textContent('#cache h3 code')).toBe(`user:${alice.homeAccountId}`)
    expect(await page.textContent('#cache')).toContain('1 access token · 1 refresh token · 1 id token')
    const left = page.locator('.left')
    const before = await left.textContent()
    expect(before).toMatch(/^(59:\d\d|1:00:00) left$/)
    await expect.poll(() => left.textContent(), { timeout: 3000 }).not.toBe(before)
    await visit.expectDiscreet()
    expect(await page.textContent('#tokens')).toContain(alice.homeAccountId.split('.')[0])

    await page.reload()
    await visit.idle()
    await expect.poll(() => visit.active()).toBe(alice.name)
    await expect.poll(() => visit.latest()).toMatchObject({ outcome: 'Token from the cache.', requests: [] })
  })

  it('works with several accounts, one at a time', async () => {
    await visit.signInByPopup('Sign in', alice)
    const popup = await visit.popup('Add another account')
    await popup.click('#other-account')
    await popup.waitForSelector('#username')
    const closed = popup.waitForEvent('close')
    await popup.fill('#username', carol.username)
    await popup.fill('#password', carol.password)
    await popup.keyboard.press('Enter')
    await closed
    await visit.idle()
    expect(await visit.active()).toBe(carol.name)

    await visit.choose(alice.name)
    await expect
      .poll(() => visit.latest())
      .toMatchObject({ title: `Work with ${alice.name}`, outcome: 'Token from the cache.', requests: [] })
    await visit.press('Read notes')
    expect(await visit.page.textContent('#answer')).toContain(alice.name)
    await visit.expectDiscreet()

    await visit.press('Forget here only')
    expect(await visit.active()).toBe(null)
    expect(await visit.page.isVisible('text=Choose whom the page works with')).toBe(true)
    await visit.choose(carol.name)
    await expect.poll(() => visit.page.textContent('#tokens')).toContain(carol.username)
  })

  it('signs in and out by redirect, and goes on where the API wanted more', async () => {
    const { page } = visit
    await visit.choose('this tab')
    await visit.signInByRedirect('Sign in', bob)
    expect(await visit.active()).toBe(bob.name)
    expect(await visit.latest()).toMatchObject({
      outcome: 'Signed in as Bob Bergström.',
      requests: [expect.any(String), 'POST 200 authorization_code'],
    })
    expect(await page.textContent('#timeline')).toContain('Sign in by redirect')
    expect(page.url()).toBe(`${sample.site.url}/`)

    await visit.press('Challenge, you sign in again')
    await visit.signInByRedirect('Sign in again', bob)
    await expect
      .poll(() => visit.latest())
      .toMatchObject({ title: 'Ask the API again', outcome: 'The API answered 200.', requests: ['GET 200'] })
    await visit.expectDiscreet()

    await visit.leave('Sign out')
    const signOut = sample.provider.requests.filter(({ path }) => path.endsWith('/logout')).at(-1)
    expect(signOut?.parameters).toMatchObject({ logout_hint: bob.username, post_logout_redirect_uri: `${sample.site.url}/` })
    expect(await visit.active()).toBe(null)
    expect(await page.isVisible('text=Nobody is signed in.')).toBe(true)
    await visit.expectDiscreet()
    await visit.button('Sign in').click()
    await page.waitForSelector('#username')
  })

  it('signs out by popup', async () => {
    await visit.signInByPopup('Sign in', alice)
    const popup = await visit.popup('Sign out')
    await expect.poll(() => popup.isClosed(), { timeout: 10_000 }).toBe(true)
    await visit.idle()
    expect(await visit.active()).toBe(null)
    expect((await visit.latest()).outcome).toBe('Alice Ahlgren is signed out.')
    await expect.poll(() => visit.page.isVisible('#cache-empty')).toBe(true)
    // The provider has forgotten too: it asks again.
    await (await visit.popup('Sign in')).waitForSelector('#username')
    await visit.press('Cancel')
    expect((await visit.latest()).outcome).toBe('You called it off.')
  })

  it('tells what went wrong, and goes on', async () => {
    const { page } = visit
    const popup = await visit.popup('Sign in')
    await popup.waitForSelector('#username')
    await closeAfterLook(popup)
    await visit.idle()
    expect((await visit.latest()).outcome).toBe('You called it off.')

    await visit.signInByPopup('Sign in', alice)
    sample.provider.control.throttleNext({ seconds: 1 })
    await visit.press('Force a refresh')
    expect((await visit.latest()).requests).toEqual(['POST 429 refresh_token'])
    expect(await page.getByRole('alert').filter({ visible: true }).textContent()).toContain('throttled')
    await visit.expectDiscreet()
  })

  it.each(['light', 'dark'] as const)(
    'has names for its controls, fits narrow and wide screens, and is legible (%s)',
    async (colorScheme) => {
      await visit.page.context().close()
      visit = await Visit.begin(sample, { colorScheme })
      const { page } = visit
      const look = async () => {
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 800 })
          expect(await overflowing(page), `at ${width}`).toEqual([])
        }
        expect(await faintTexts(page)).toEqual([])
        const { nameless, count } = await namelessControls(page)
        expect(nameless).toEqual([])
        expect(count).toBeGreaterThan(8)
      }
      await look()
      await visit.signInByPopup('Sign in', alice)
      await visit.press('Challenge, you sign in again')
      await visit.expectDiscreet()
      await look()
    },
  )

  it('can be worked with the keyboard alone, and shows where the focus is', async () => {
    const { page } = visit
    const reached: string[] = []
    for (let presses = 0; presses < 11; presses++) {
      await page.keyboard.press('Tab')
      const focus = await page.evaluate(() => {
        const part = document.activeElement as HTMLElement
        // The radio buttons of the two ways lie, unseen, over their words.
        const outlined = part.closest('.segments label') ? part.nextElementSibling! : part
        return { name: part.textContent?.trim() || (part as HTMLInputElement).value, outline: getComputedStyle(outlined).outlineStyle }
      })
      expect(focus, focus.name).toMatchObject({ outline: expect.stringMatching(/solid|auto/) })
      reached.push(focus.name)
    }
    expect(reached).toEqual(expect.arrayContaining(['popup', 'Sign in', 'People of the playground', 'Clear']))
    await page.locator('#sign-in').focus()
    const opened = page.waitForEvent('popup')
    await page.keyboard.press('Enter')
    await (await opened).waitForSelector('#username')
    await page.keyboard.press('Escape')
    await visit.idle()
    expect((await visit.latest()).outcome).toBe('You called it off.')
  })
})
