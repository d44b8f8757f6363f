import { randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PublicClientApplication } from '../../src/core/client/public-client-application.ts'
import type { InitiateAuthCodeFlowOptions } from '../../src/core/options.ts'
import type { AuthCodeFlow } from '../../src/core/types.ts'
import { sealFlow, unsealFlow } from '../../src/edge/seal-flow.ts'
import { sessionCookie } from '../../src/edge/session-cookie.ts'
import { allText } from '../core/util/keys.ts'

const secret = () => randomBytes(32).toString('base64')
const cryptoKey = (length = 256, usages: KeyUsage[] = ['encrypt', 'decrypt']) =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length }, false, usages) as Promise<CryptoKey>
const key = secret()
const tenant = 'https://login.microsoftonline.com/c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0'

/** A flow as a client of Microsoft's platform begins it. */
function begin(options: InitiateAuthCodeFlowOptions = {}): Promise<AuthCodeFlow> {
  const document = {
    issuer: `${tenant}/v2.0`,
    authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenant}/oauth2/v2.0/token`,
  }
  const app = new PublicClientApplication({
    clientId: '3eb3eb3e-0000-4000-8000-00000000cccc',
    authority: tenant,
    clientCapabilities: ['CP1'],
    fetch: async () => Response.json(document),
  })
  const scopes = ['api://3eb3eb3e-0000-4000-8000-00000000cccc/Notes.Read', 'api://3eb3eb3e-0000-4000-8000-00000000cccc/Notes.Write']
  return app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://notes.contoso.example/auth/callback', ...options })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const unknown = { name: 'ClientAuthError', code: 'flow_unknown' }

describe('S74: a sealed flow', () => {
  it('comes back as it was, with a secret and with a CryptoKey that cannot be exported', async () => {
    const flow = await begin({ loginHint: 'mía@contoso.example' })
    for (const sealing of [key, Buffer.from(key, 'base64').toString('base64url'), `${key}\n`, await cryptoKey()]) {
      const cookie = await sealFlow(flow, sealing)
      expect(cookie).toMatch(/^[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/)
      expect(await unsealFlow(cookie, sealing)).toStrictEqual(flow)
    }
  })

  it('is a JWE that another implementation reads, and hides all that it holds', async () => {
    const flow = await begin()
    const cookie = await sealFlow(flow, key)
    expect(decodeProtectedHeader(cookie)).toEqual({ alg: 'dir', enc: 'A256GCM', typ: 'msal-isomorphic-flow' })
    const { plaintext } = await compactDecrypt(cookie, Buffer.from(key, 'base64'))
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(flow)
    for (const part of cookie.split('.')) expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain(flow.codeVerifier)
    expect(await sealFlow(flow, key)).not.toBe(cookie)
  })

  it('fits a cookie, claims challenge and all; one that does not is refused before anything is sent', async () => {
    const challenge = (size: number) => JSON.stringify({ access_token: { nbf: { essential: true, value: 'v'.repeat(size) } } })
    const plain = await sealFlow(await begin(), key)
    const claims = await sealFlow(await begin({ claimsChallenge: challenge(300), loginHint: 'somebody.with.a.name@contoso.example' }), key)
    expect(plain.length).toBeLessThan(2700)
    expect(claims.length).toBeLessThan(4000)
    const long = sealFlow(await begin({ claimsChallenge: challenge(1500) }), key)
    await expect(long).rejects.toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
  })

  it('opens under any of the keys; the first one seals', async () => {
    const [old, now, other] = [secret(), await cryptoKey(), secret()]
    const flow = await begin()
    const before = await sealFlow(flow, old)
    const after = await sealFlow(flow, [now, old])
    expect(await unsealFlow(before, [now, old])).toStrictEqual(flow)
    expect(await unsealFlow(after, [other, now])).toStrictEqual(flow)
    await expect(unsealFlow(after, old)).rejects.toMatchObject(unknown)
    await expect(unsealFlow(before, [now, other])).rejects.toMatchObject(unknown)
  })

  it('is refused with any character changed, cut or added', async () => {
    const cookie = await sealFlow(await begin(), key)
    for (let at = 0; at < cookie.length; at++) {
      const changed = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1)
      if (at % 7 === 0 || at > cookie.length - 30 || at < 110)
        await expect(unsealFlow(changed, key), `${at}`).rejects.toMatchObject(unknown)
      if (at % 50 === 0) await expect(unsealFlow(cookie.slice(0, at), key)).rejects.toMatchObject(unknown)
    }
    const others = ['', ' ', '.', '....', `${cookie}.`, `${cookie}A`, `${cookie}=`, cookie.repeat(9), 'é', '\u0000', `"${cookie}"`]
    for (const text of [...others, undefined, null, 1, {}]) await expect(unsealFlow(text as string, key)).rejects.toMatchObject(unknown)
  })

  it('is refused when it was sealed as something else, or otherwise', async () => {
    const flow = await begin()
    const text = new TextEncoder().encode(JSON.stringify(flow))
    const bytes = Buffer.from(key, 'base64')
    const header = { alg: 'dir', enc: 'A256GCM', typ: 'msal-isomorphic-flow' }
    const jwe = (extra: object, secretBytes: Uint8Array = bytes) =>
      new CompactEncrypt(text).setProtectedHeader({ ...header, ...extra }).encrypt(secretBytes)
    expect(await unsealFlow(await jwe({}), key)).toStrictEqual(flow)
    const session = await sessionCookie({ homeAccountId: 'a.b', tenantId: 'b' }, key)
    const hostile = [
      await jwe({ typ: 'msal-isomorphic-session' }),
      await jwe({ zip: 'DEF' }),
      await jwe({ kid: '1' }),
      await jwe({ alg: 'PBES2-HS256+A128KW' }),
      await jwe({ alg: 'A256KW' }),
      /=([^;]+)/.exec(session)![1]!,
    ]
    for (const cookie of hostile) await expect(unsealFlow(cookie, key)).rejects.toMatchObject(unknown)
  })

  it('S04: is refused ten minutes later', async () => {
    const cookie = await sealFlow(await begin(), key)
    vi.setSystemTime(Date.now() + 600_000 - 1)
    await unsealFlow(cookie, key)
    vi.setSystemTime(Date.now() + 1)
    await expect(unsealFlow(cookie, key)).rejects.toMatchObject({ name: 'ClientAuthError', code: 'flow_expired', action: 'interact' })
  })

  it('S76: takes no key but a good one', async () => {
    const flow = await begin()
    const cookie = await sealFlow(flow, key)
    const bad = [
      ...['', 'short', Buffer.alloc(16).toString('base64'), Buffer.alloc(33).toString('base64'), '*'.repeat(43)],
      ...[[], undefined, null, {}, [key, ''], Buffer.alloc(32), await cryptoKey(128)],
      await crypto.subtle.generateKey({ name: 'AES-CBC', length: 256 }, false, ['encrypt', 'decrypt']),
      await cryptoKey(256, ['encrypt']),
    ]
    for (const keys of bad) {
      const invalid = { name: 'ClientConfigurationError', code: 'invalid_argument' }
      await expect(sealFlow(flow, keys as string)).rejects.toMatchObject(invalid)
      await expect(unsealFlow(cookie, keys as string)).rejects.toMatchObject(invalid)
    }
    const reader = await cryptoKey(256, ['decrypt'])
    await expect(sealFlow(flow, reader)).rejects.toMatchObject({ code: 'invalid_argument' })
    expect(await unsealFlow(cookie, [key, reader])).toStrictEqual(flow)
  })

  it('takes no flow but a flow', async () => {
    for (const flow of [undefined, null, 'flow', {}, [], { state: 's', authUri: 'https://a.example' }])
      await expect(sealFlow(flow as AuthCodeFlow, key)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('S69: errors hold nothing of it', async () => {
    const flow = await begin()
    const cookie = await sealFlow(flow, key)
    vi.setSystemTime(Date.now() + 600_001)
    for (const [presented, keys] of [
      [cookie, key],
      [`${cookie}x`, key],
      [cookie, secret()],
    ] as const) {
      const text = allText(await unsealFlow(presented, keys).catch((error) => error))
      for (const part of [flow.codeVerifier, flow.nonce, flow.state, cookie.split('.')[3], key]) expect(text).not.toContain(part)
    }
  })
})
