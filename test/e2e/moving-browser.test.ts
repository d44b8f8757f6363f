import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type PageConfig, type Site, startSite } from '../../playground/from-msal-browser/site.mjs'
import { type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import type { Person } from '../support/sign-in.ts'
import { type Browser, hasChromium, launchChromium, type Page, typeCredentials } from './chromium.ts'

// The guide for moving from MSAL Browser: the same page with either library on the same origin, the second deployed after the first.
const { contoso } = tenants
const { alice, bob } = users
type Version = Site['version']
const locations: PageConfig['cacheLocation'][] = ['sessionStorage', 'localStorage']

describe.skipIf(lacks('chromium', hasChromium))('the page of the guide', { timeout: 60_000 }, () => {
  let playground: Playground
  let site: Site
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    playground = await startPlayground()
    const { provider, api } = playground
    const authority = provider.authority(contoso, { https: true })
    const scopes = ['api://notes/Notes.Read']
    const config = { clientId: provider.clients.spa.clientId, authority, scopes, api: `${api.url}/notes`, cacheLocation: locations[0]! }
    site = await startSite({ version: 'before', config })
    browser = await launchChromium()
  })
  afterAll(() => Promise.all([browser?.close(), site?.close(), playground?.close()]))

  beforeEach(async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    page = await context.newPage()
    return () => context.close()
  })

  /** Changes settings of the provider for one test. */
  function set(changed: Partial<Playground['provider']['settings']>) {
    const { settings } = playground.provider
    const before = { ...settings }
    Object.assign(settings, changed)
    onTestFinished(() => void Object.assign(settings, before))
  }

  const ready = () => page.waitForFunction(() => document.querySelector('#answer')?.textContent === 'Ready.')
  const isShown = (name: string) => page.waitForFunction((name) => document.querySelector('#who')?.textContent === name, name)
  const grants = () => playground.provider.tokenRequests().map(({ grantType, status }) => `${grantType} ${status}`)
  const authorizations = () => playground.provider.requests.filter(({ path }) => path.endsWith('/authorize'))
  const inStorage = (name: PageConfig['cacheLocation']) =>
    page.evaluate((name) => Object.entries(window[name]).filter(([key]) => key.startsWith('msal.')), name)

  async function open(version: Version, cacheLocation = locations[0]!) {
    site.version = version
    site.config = { ...site.config, cacheLocation }
    await page.goto(site.url)
    await ready()
  }

  /** The page as it is now deployed, in the same tab. What it asks the provider for is counted from here. */
  async function deploy(version: Version) {
    playground.provider.requests.length = 0
    site.version = version
    await page.reload()
    await ready()
  }

  async function signIn(person: Person & { name: string } = alice) {
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#signIn')])
    const closed = popup.waitForEvent('close')
    await popup.waitForSelector('#username')
    await typeCredentials(popup, person)
    await closed
    await isShown(person.name)
  }

  async function callApi() {
    await page.click('#callApi')
    await page.waitForFunction(() => document.querySelector('#answer')?.textContent !== '…')
    return page.textContent('#answer')
  }
  const notesOf = ({ name }: { name: string }) => expect.stringContaining(`"owner": "${name}"`)

  /** All that the page does, from the first visit to signing out. */
  async function useAll(version: Version) {
    await open(version)
    await isShown('nobody')
    expect(await callApi()).toBe('Sign in first.')
    await signIn()
    expect(await callApi()).toEqual(notesOf(alice))
    await deploy(version)
    await isShown(alice.name)
    expect(await callApi()).toEqual(notesOf(alice))
    expect(grants()).toEqual([])
    await page.click('#signOut')
    // The button's page does not get ready again: this is the one that the provider leads back to.
    await ready()
    await isShown('nobody')

    await page.click('#signInByRedirect')
    await page.waitForSelector('#username')
    await typeCredentials(page, alice)
    await isShown(alice.name)
    expect(await callApi()).toEqual(notesOf(alice))
  }
  test.each(['before', 'after'] as const)('%s: signs in by popup and by redirect, calls the API, and signs out', useAll)

  test.each(locations)('whoever signed in before, with %s, is still signed in after', async (location) => {
    await open('before', location)
    await signIn()
    const kept = (await inStorage(location)).filter(([key]) => /accesstoken|refreshtoken|idtoken/.test(key))
    expect(kept).toHaveLength(3)
    // In localStorage it is encrypted.
    expect(kept.every(([, value]) => 'nonce' in JSON.parse(value))).toBe(location === 'localStorage')

    await deploy('after')
    await isShown(alice.name)
    expect(await callApi()).toEqual(notesOf(alice))
    expect(playground.provider.requests).toEqual([])
    expect(await inStorage(location)).toEqual([])
    // Once and for all.
    await deploy('after')
    await isShown(alice.name)
    expect(await callApi()).toEqual(notesOf(alice))
    expect(playground.provider.requests).toEqual([])
  })

  test('the refresh token comes along', async () => {
    // Too short to be served from a cache.
    set({ accessTokenSeconds: 200 })
    await open('before')
    await signIn()
    await deploy('after')
    await isShown(alice.name)
    expect(await callApi()).toEqual(notesOf(alice))
    expect(grants()).toEqual(['refresh_token 200'])
    expect(authorizations()).toEqual([])
  })

  test('after a long absence it is redeemed at once', async () => {
    set({ idTokenSeconds: 1 })
    await open('before', 'localStorage')
    await signIn()
    await sleep(1100)
    await deploy('after')
    await isShown(alice.name)
    expect(grants()).toEqual(['refresh_token 200'])
    expect(await callApi()).toEqual(notesOf(alice))
    expect(authorizations()).toEqual([])
    expect(await inStorage('localStorage')).toEqual([])
  })

  test('while the provider is down everything is left for the next time', async () => {
    set({ idTokenSeconds: 1 })
    await open('before')
    await signIn()
    await sleep(1100)
    playground.provider.control.failNext({ when: { grantType: 'refresh_token' }, status: 503, body: 'down' })
    await deploy('after')
    await isShown('nobody')
    expect(grants()).toEqual(['refresh_token 503'])
    await deploy('after')
    await isShown(alice.name)
    expect(grants()).toEqual(['refresh_token 200'])
    expect(await inStorage('sessionStorage')).toEqual([])
  })

  test('whoever the provider does not know any more signs in again', async () => {
    set({ idTokenSeconds: 1 })
    await open('before')
    await signIn()
    await sleep(1100)
    playground.provider.control.revoke({ user: alice })
    await deploy('after')
    await isShown('nobody')
    expect(grants()).toEqual(['refresh_token 400'])
    expect(await callApi()).toBe('Sign in first.')
    expect(await inStorage('sessionStorage')).toEqual([])
  })

  test('of two people, the one that was chosen stays chosen', async () => {
    await open('before')
    await signIn(alice)
    await page.context().clearCookies()
    await signIn(bob)
    await deploy('after')
    await isShown(bob.name)
    expect(await callApi()).toEqual(notesOf(bob))
    expect(playground.provider.requests).toEqual([])
  })
})
