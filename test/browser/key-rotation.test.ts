import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lacks } from '../support/require.ts'
import { hasChromium, type Setting, signInByPopup, startSetting, tenants, users } from './support/setting.ts'

describe.skipIf(lacks('chromium', hasChromium))('the keys of a provider, in Chromium', () => {
  let setting: Setting
  beforeAll(async () => {
    setting = await startSetting()
  })
  afterAll(() => setting?.close())

  it('S15 are fetched anew after a rotation, though the browser keeps the older ones', async () => {
    const { provider, open } = setting
    const page = await open()
    const discovery = `${provider.authority(tenants.contoso)}/v2.0/.well-known/openid-configuration`
    const kids = () =>
      page.evaluate(async (discovery) => {
        const { jwks_uri } = await (await fetch(discovery)).json()
        const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: { kid: string }[] }
        return keys.map(({ kid }) => kid)
      }, discovery)
    provider.olderKeys = { keys: [{ kty: 'RSA', kid: 'older', use: 'sig', alg: 'RS256', n: 'AQAB', e: 'AQAB' }] }
    expect(await kids()).toEqual(['older'])
    provider.olderKeys = undefined
    // The browser would still say so.
    expect(await kids()).toEqual(['older'])
    await page.evaluate(() => {
      window.app = window.createApp({ verifyIdTokenSignature: true })
    })
    expect(await signInByPopup(page, users.alice)).toMatchObject({ tokenSource: 'identity_provider' })
  })
})
