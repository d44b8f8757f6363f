import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ValidateAccessTokenOptions, validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { allText } from '../core/util/keys.ts'
import { authorities, claimsOf, contoso, fabrikam, forge, microsoft, now, type SigningKey, sign, signingKey } from './token-support.ts'

const key = signingKey('one')
const other = signingKey('two')
const home = `${microsoft}/${contoso}/v2.0`

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Contoso's tenant, and an API that trusts it. */
function api(options: Partial<ValidateAccessTokenOptions> = {}, ...keys: SigningKey[]) {
  const { fetch, rotate } = authorities({ [home]: { token_endpoint: `${microsoft}/${contoso}/token` } }, ...(keys.length ? keys : [key]))
  const validate = (token: unknown, changes: Partial<ValidateAccessTokenOptions> = {}) =>
    validateAccessToken(token as string, { audience: 'api://notes', authority: `${microsoft}/${contoso}`, fetch, ...options, ...changes })
  return { fetch, rotate, validate }
}

/** Rejects with an error of that code which tells nothing of the token. */
async function refused(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => expect.unreachable('it was accepted'),
    (thrown) => thrown,
  )
  expect(error).toMatchObject({ name: 'ClientAuthError', code })
  expect(error.message).toContain('access token')
  expect(error.cause).toBeUndefined()
  expect(allText(error)).not.toMatch(/ey[JK]|mia/)
}

describe('a good token', () => {
  it('gives its claims', async () => {
    const { validate, fetch } = api()
    const claims = claimsOf()
    expect({ ...(await validate(await sign(key, claims))) }).toEqual(claims)
    expect({ ...(await validate(await sign(key, claims, { typ: 'at+jwt' }), { scopes: ['Notes.Read'] })) }).toEqual(claims)
    await validate(await sign(key, claims, { typ: 'application/AT+JWT', alg: 'PS256' }))
    await validate(await sign(key, claims, { typ: undefined }))
    expect(fetch.mock.calls.map(([url]) => String(url))).toEqual([`${home}/.well-known/openid-configuration`, `${home}/keys`])
  })

  it('may be for one of several audiences, its own or the API’s', async () => {
    const { validate } = api()
    await validate(await sign(key, claimsOf({ aud: 'guid' })), { audience: ['api://notes', 'guid'] })
    await validate(await sign(key, claimsOf({ aud: ['userinfo', 'api://notes'] })))
  })

  it('may be some way off the clock', async () => {
    const { validate } = api()
    await validate(await sign(key, claimsOf({ exp: now() - 119 })))
    await validate(await sign(key, claimsOf({ nbf: now() + 119, iat: now() + 119 })))
  })
})

describe('S17, S18, S20: a token is refused', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['for another API', { aud: 'api://other' }, 'audience_mismatch'],
    ['for an API whose name begins alike', { aud: 'api://notes/v2' }, 'audience_mismatch'],
    ['for two names in one', { aud: 'api://notes api://other' }, 'audience_mismatch'],
    ['for nobody', { aud: undefined }, 'audience_mismatch'],
    ['for an object', { aud: { 0: 'api://notes' } }, 'audience_mismatch'],
    ['that is over', { exp: 1_700_000_000 - 121 }, 'id_token_invalid'],
    ['without end', { exp: undefined }, 'id_token_invalid'],
    ['whose end is a text', { exp: '1800000000' }, 'id_token_invalid'],
    ['not yet valid', { nbf: 1_700_000_000 + 121 }, 'id_token_invalid'],
    ['from the future', { iat: 1_700_000_000 + 121 }, 'id_token_invalid'],
    ['whose nbf is a text', { nbf: '0' }, 'id_token_invalid'],
    ['from nobody', { iss: undefined }, 'issuer_mismatch'],
    ['of another tenant', { iss: `${microsoft}/${fabrikam}/v2.0`, tid: fabrikam }, 'issuer_mismatch'],
    ['of another tenant by tid', { tid: fabrikam }, 'issuer_mismatch'],
    ['without a tenant', { tid: undefined }, 'issuer_mismatch'],
    ['of another host', { iss: `https://login.evil.example/${contoso}/v2.0` }, 'issuer_mismatch'],
    ['with a slash more', { iss: `${home}/` }, 'issuer_mismatch'],
    ['of the template', { iss: `${microsoft}/{tenantid}/v2.0`, tid: '{tenantid}' }, 'issuer_mismatch'],
    ['of the other tenant in the old form', { iss: `https://sts.windows.net/${fabrikam}/`, tid: contoso }, 'issuer_mismatch'],
  ])('%s', async (_, changes, code) => {
    await refused(api().validate(await sign(key, claimsOf(changes))), code)
  })

  it('that is no token', async () => {
    const { validate, fetch } = api()
    const token = await sign(key, claimsOf())
    const [head, body, signature] = token.split('.')
    const rubbish = [
      '',
      ' ',
      'a',
      'a.b',
      'a.b.c',
      '..',
      `Bearer ${token}`,
      `${token}.`,
      `${token}.a.b`,
      `${head}.${body}`,
      `${head}.${body}.`,
    ]
    for (const text of [...rubbish, `${head}.e30.${signature}x`, null, undefined, 1, {}, [token]])
      await refused(validate(text), 'id_token_invalid')
    await refused(validate(await sign(key, claimsOf({ pad: 'x'.repeat(70_000) }))), 'id_token_invalid')
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('S14: a signature is refused', () => {
  it('that is none, or made with the public key as a secret', async () => {
    const { validate } = api()
    for (const alg of ['none', 'None', 'NONE'])
      for (const secret of [undefined, 'x']) await refused(validate(forge({ alg, kid: 'one' }, claimsOf(), secret)), 'id_token_invalid')
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' }) as string
    await refused(validate(forge({ alg: 'HS256', kid: 'one' }, claimsOf(), pem)), 'id_token_invalid')
    await refused(validate(forge({ alg: 'HS256', kid: 'one' }, claimsOf(), JSON.stringify(key.jwk))), 'id_token_invalid')
  })

  it('of another key, under its own name, this one’s, or with the key in the header', async () => {
    const { validate, fetch } = api()
    const elsewhere = { jku: 'https://evil.example/keys', x5u: 'https://evil.example/keys', jwk: other.jwk }
    for (const header of [{}, { kid: 'one' }, { kid: undefined }, elsewhere, { ...elsewhere, kid: 'one' }])
      await refused(validate(await sign(other, claimsOf(), header)), 'id_token_invalid')
    const [head, , signature] = (await sign(key, claimsOf())).split('.')
    const body = Buffer.from(JSON.stringify(claimsOf({ scp: 'Admin' }))).toString('base64url')
    await refused(validate(`${head}.${body}.${signature}`), 'id_token_invalid')
    expect(fetch.mock.calls.filter(([url]) => !String(url).startsWith(home))).toEqual([])
  })
})

describe('an id token in place of an access token', () => {
  const idToken = { scp: undefined, azp: undefined, aud: 'api://notes', nonce: 'n', name: 'Mia' }
  it.each<[string, Record<string, unknown>, object?]>([
    ['as Entra issues it', idToken],
    ['without a nonce', { ...idToken, nonce: undefined }],
    ['with roles', { ...idToken, nonce: undefined, roles: ['Admin'] }],
    ['with the client as azp', { ...idToken, azp: 'api://notes' }],
    ['with a hash of the access token', { at_hash: 'h' }],
    ['with a hash of the code', { ...idToken, nonce: undefined, azp: 'client', c_hash: 'h' }],
    ['as Keycloak marks it', { ...idToken, nonce: undefined, azp: 'client', typ: 'ID' }],
    ['a logout token', {}, { typ: 'logout+jwt' }],
    ['a proof', {}, { typ: 'dpop+jwt' }],
    ['a type that is no text', {}, { typ: 1 }],
  ])('%s', async (_, changes, header) => {
    await refused(api().validate(await sign(key, claimsOf(changes), header)), 'id_token_invalid')
  })

  it('an access token that answers a nonce, as B2C’s do, is one', async () => {
    await api().validate(await sign(key, claimsOf({ nonce: 'n' })))
    await api().validate(await sign(key, claimsOf({ scp: undefined, nonce: 'n' }), { typ: 'at+jwt' }))
  })
})

describe('scopes and roles', () => {
  it('all the scopes are needed, exactly, in either spelling', async () => {
    const { validate } = api()
    const token = await sign(key, claimsOf())
    await validate(token, { scopes: ['Notes.Read', 'api://notes/Notes.Write'] })
    await validate(token, { scopes: [] })
    for (const scopes of [
      ['Notes.Read', 'Notes.Delete'],
      ['notes.read'],
      ['Notes'],
      ['api://other/Notes.Read'],
      ['Notes.Read Notes.Write'],
    ])
      await refused(validate(token, { scopes }), 'scope_not_in_flow')
    for (const scp of [['Notes.Read'], 'Notes.Read']) await validate(await sign(key, claimsOf({ scp })), { scopes: ['Notes.Read'] })
    const elsewhere = await sign(key, claimsOf({ scp: undefined, scope: 'Notes.Read openid' }))
    await validate(elsewhere, { scopes: ['Notes.Read'] })
    await refused(validate(await sign(key, claimsOf({ scp: '' })), { scopes: ['Notes.Read'] }), 'scope_not_in_flow')
  })

  it('one of the roles is needed, and with scopes both', async () => {
    const { validate } = api()
    const daemon = await sign(key, claimsOf({ scp: undefined, idtyp: 'app', roles: ['Notes.Read.All'] }))
    await validate(daemon, { roles: ['Notes.Read.All', 'Notes.Write.All'] })
    await refused(validate(daemon, { roles: ['Notes.Write.All'] }), 'scope_not_in_flow')
    await refused(validate(daemon, { scopes: ['Notes.Read'] }), 'scope_not_in_flow')
    await refused(validate(daemon, { scopes: ['Notes.Read'], roles: ['Notes.Read.All'] }), 'scope_not_in_flow')
    await refused(validate(await sign(key, claimsOf()), { scopes: ['Notes.Read'], roles: ['Notes.Read.All'] }), 'scope_not_in_flow')
    const admin = await sign(key, claimsOf({ roles: ['Admin'] }))
    await validate(admin, { scopes: ['Notes.Read'], roles: ['Admin'] })
  })

  it('a scope in the roles, or a role in the scopes, is none', async () => {
    const { validate } = api()
    const token = await sign(key, claimsOf({ scp: 'Admin', roles: ['Notes.Read'] }))
    await refused(validate(token, { scopes: ['Notes.Read'] }), 'scope_not_in_flow')
    await refused(validate(token, { roles: ['Admin'] }), 'scope_not_in_flow')
  })

  it('a bad signature is told before missing scopes', async () => {
    await refused(api().validate(await sign(other, claimsOf({ scp: 'x' }), { kid: 'one' }), { scopes: ['Notes.Read'] }), 'id_token_invalid')
  })
})

describe('options that cannot be right', () => {
  it.each<[string, object, string]>([
    ['no audience', { audience: undefined }, 'invalid_argument'],
    ['an empty audience', { audience: '' }, 'invalid_argument'],
    ['an empty list', { audience: [] }, 'invalid_argument'],
    ['scopes as a text', { scopes: 'Notes.Read' }, 'invalid_argument'],
    ['an empty role', { roles: [''] }, 'invalid_argument'],
    ['no authority', { authority: undefined }, 'authority_invalid'],
    ['an authority by http', { authority: 'http://login.example/t' }, 'authority_invalid'],
    ['no tenant', { authority: microsoft }, 'authority_invalid'],
  ])('%s', async (_, changes, code) => {
    const { validate, fetch } = api()
    await expect(validate(await sign(key, claimsOf()), changes)).rejects.toMatchObject({ name: 'ClientConfigurationError', code })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('no options at all', async () => {
    await expect(validateAccessToken(await sign(key, claimsOf()), undefined as never)).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
