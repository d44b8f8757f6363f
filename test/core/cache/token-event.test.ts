import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readTokenEvent } from '../../../src/core/cache/user-event.ts'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { jwt } from '../../support/fake-provider.ts'
import { codeOf, errorOf } from '../client/support.ts'
import {
  appEvent,
  claims,
  clientId,
  clientInfoOf,
  endpointOf,
  home,
  host,
  tenant,
  tokenEndpoint,
  userEvent,
  userResponse,
} from './support.ts'

const now = 1_900_000_000

beforeEach(() => void vi.useFakeTimers({ now: now * 1000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

describe('the schema (wire-protocol 3.2, 3.3)', () => {
  it("a person's entries, byte for byte", async () => {
    const cache = new SerializableTokenCache()
    const response = userResponse({ client_info: clientInfoOf('OID1', 'TIDH'), id_token: jwt(claims({ tid: undefined, oid: 'OID1' })) })
    await cache.add(userEvent({ tokenEndpoint: endpointOf('organizations'), response }))
    expect(JSON.parse(cache.serialize())).toEqual({
      AccessToken: {
        'oid1.tidh-login.microsoftonline.com-accesstoken-11111111-aaaa-bbbb-cccc-222222222222-organizations-mail.read user.read openid profile':
          {
            credential_type: 'AccessToken',
            secret: 'USER-AT',
            home_account_id: 'OID1.TIDH',
            environment: host,
            client_id: clientId,
            target: 'Mail.Read User.Read openid profile',
            realm: 'organizations',
            token_type: 'Bearer',
            cached_at: '1900000000',
            expires_on: '1900003600',
            extended_expires_on: '1900007200',
            refresh_on: '1900001800',
          },
      },
      RefreshToken: {
        'oid1.tidh-login.microsoftonline.com-refreshtoken-11111111-aaaa-bbbb-cccc-222222222222--mail.read user.read openid profile': {
          credential_type: 'RefreshToken',
          secret: 'USER-RT',
          home_account_id: 'OID1.TIDH',
          environment: host,
          client_id: clientId,
          target: 'Mail.Read User.Read openid profile',
          last_modification_time: '1900000000',
          family_id: '1',
        },
      },
      IdToken: {
        'oid1.tidh-login.microsoftonline.com-idtoken-11111111-aaaa-bbbb-cccc-222222222222-organizations-': {
          credential_type: 'IdToken',
          secret: response.id_token,
          home_account_id: 'OID1.TIDH',
          environment: host,
          realm: 'organizations',
          client_id: clientId,
        },
      },
      Account: {
        'oid1.tidh-login.microsoftonline.com-organizations': {
          home_account_id: 'OID1.TIDH',
          environment: host,
          realm: 'organizations',
          local_account_id: 'OID1',
          username: 'jo@contoso.com',
          authority_type: 'MSSTS',
          account_source: 'authorization_code',
        },
      },
      AppMetadata: {
        [`appmetadata-${host}-${clientId}`]: { client_id: clientId, environment: host, family_id: '1' },
      },
    })
  })

  it("an application's own entry, byte for byte", async () => {
    const cache = new SerializableTokenCache()
    await cache.add(appEvent({ tokenEndpoint: endpointOf('contoso.com'), clientId: 'App-ID' }))
    expect(JSON.parse(cache.serialize())).toEqual({
      AccessToken: {
        '-login.microsoftonline.com-accesstoken-app-id-contoso.com-https://graph.microsoft.com/.default': {
          credential_type: 'AccessToken',
          secret: 'APP-AT',
          home_account_id: null,
          environment: host,
          client_id: 'App-ID',
          target: 'https://graph.microsoft.com/.default',
          realm: 'contoso.com',
          token_type: 'Bearer',
          cached_at: '1900000000',
          expires_on: '1900003599',
          extended_expires_on: '1900003599',
        },
      },
      RefreshToken: {},
      IdToken: {},
      Account: {},
      AppMetadata: { 'appmetadata-login.microsoftonline.com-App-ID': { client_id: 'App-ID', environment: host } },
    })
  })

  it.each([
    [{ expires_in: '60', ext_expires_in: '120', refresh_in: '30' }, 60, 120, 30],
    [{ expires_in: 59.9, ext_expires_in: undefined, refresh_in: undefined }, 59, 59, undefined],
    [{ expires_in: undefined, expires_on: `${now + 77}`, ext_expires_in: undefined, refresh_in: undefined }, 77, 77, undefined],
    [{ expires_in: undefined, ext_expires_in: undefined, refresh_in: 0 }, 600, 600, 0],
    [{ expires_in: 1e12, ext_expires_in: undefined, refresh_in: undefined }, 31_536_000, 31_536_000, undefined],
  ])('numbers are decimal strings: %o', (response, expires, extended, refresh) => {
    const { AccessToken } = readTokenEvent(userEvent({}, response)).entities
    expect({ refresh_on: undefined, ...AccessToken }).toMatchObject({
      cached_at: `${now}`,
      expires_on: `${now + expires}`,
      extended_expires_on: `${now + extended}`,
      refresh_on: refresh === undefined ? undefined : `${now + refresh}`,
    })
  })
})

describe('how entries are filed', () => {
  const entities = (event: object, response: Record<string, unknown> = {}) => readTokenEvent(userEvent(event as never, response)).entities

  it.each([
    ['the tenant of the token endpoint', tokenEndpoint, tenant],
    ['the tid for common', endpointOf('common'), 'the-tid'],
    ['the tid for organizations', endpointOf('organizations'), 'the-tid'],
    ['the tid for consumers', endpointOf('Consumers'), 'the-tid'],
    ['a domain name as it came', endpointOf('Contoso.com'), 'Contoso.com'],
  ])('S46 realm: %s', (_, tokenEndpoint, realm) => {
    const { AccessToken, IdToken, Account } = entities({ tokenEndpoint }, { id_token: jwt(claims({ tid: 'the-tid' })) })
    for (const entity of [AccessToken, IdToken, Account]) expect(entity!.realm).toBe(realm)
  })

  it('environment: the one of the event, else the host of the token endpoint', () => {
    expect(entities({ environment: 'Login.Windows.NET' }).Account!.environment).toBe('login.windows.net')
    expect(entities({ tokenEndpoint: 'https://westus.login.microsoft.com/x/oauth2/v2.0/token' }).AccessToken.environment).toBe(
      'westus.login.microsoft.com',
    )
  })

  it('target: the scopes of the answer, else those asked for; sorted, as they came', () => {
    expect(entities({}, { scope: 'b A  b' }).AccessToken.target).toBe('A b')
    expect(entities({ scopes: ['z', 'Y'] }, { scope: undefined }).AccessToken.target).toBe('Y z')
  })

  it('the home account id: client_info, else the subject, else the name of the event, else some owner', () => {
    expect(entities({}).Account!.home_account_id).toBe(home)
    expect(entities({}, { client_info: undefined }).Account!.home_account_id).toBe('sub-1')
    expect(entities({}, { client_info: Buffer.from('{"uid":"x"}').toString('base64url') }).Account!.home_account_id).toBe('sub-1')
    const nobody = { client_info: undefined, id_token: undefined }
    expect(entities({ username: 'jo' }, nobody).Account).toMatchObject({ home_account_id: 'jo', username: 'jo', local_account_id: null })
    const [one, two] = [entities({}, nobody), entities({}, nobody)]
    expect(one.Account).toMatchObject({ username: '' })
    expect(one.AccessToken.home_account_id).not.toBe(two.AccessToken.home_account_id)
  })

  it.each([
    [{ preferred_username: 'p', upn: 'u' }, 'p'],
    [{ preferred_username: null, upn: 'u' }, 'u'],
    [{ preferred_username: '', upn: 'u' }, 'u'],
    [{ preferred_username: 5, upn: 'u' }, 'u'],
    [{ preferred_username: undefined, upn: undefined }, 'of the form'],
  ])('C21 username of %o: %s', (changes, username) => {
    const event = { data: { username: 'of the form' }, username: 'of the event' }
    expect(entities(event, { id_token: jwt(claims(changes)) }).Account!.username).toBe(username)
  })

  it('the display name, where there is one', () => {
    const named = (name: unknown) => entities({}, { id_token: jwt(claims({ name })) }).Account!
    expect(named('Jo')).toHaveProperty('name', 'Jo')
    for (const none of [undefined, null, '', 5]) expect(named(none)).not.toHaveProperty('name')
  })

  it.each([
    ['authorization_code', true],
    ['password', true],
    ['urn:ietf:params:oauth:grant-type:device_code', true],
    ['broker', true],
    ['refresh_token', false],
    [undefined, false],
  ])('account_source: %s, %s', (grantType, kept) => {
    expect(entities({ grantType }).Account!.account_source).toBe(kept ? grantType : undefined)
  })

  it('ADFS', () => {
    const tokenEndpoint = 'https://fs.contoso.example/adfs/oauth2/token'
    expect(entities({ tokenEndpoint }).Account).toMatchObject({ realm: 'adfs', authority_type: 'ADFS' })
  })

  it('a client credentials answer is nobody’s, whatever it holds', () => {
    const outcome = readTokenEvent(appEvent({}, userResponse()))
    expect(outcome.homeAccountId).toBe('')
    expect(Object.keys(outcome.entities)).toEqual(['AccessToken', 'AppMetadata'])
  })

  it('key_id', () => {
    expect(entities({ data: { key_id: 'k1' } }, { token_type: 'pop' }).AccessToken).toMatchObject({ key_id: 'k1', token_type: 'pop' })
    expect(entities({ data: { key_id: '' } }).AccessToken).not.toHaveProperty('key_id')
  })
})

describe('S13 a bad answer rejects, and nothing is written', () => {
  const bad: [string, object, string][] = [
    ['an OAuth error', { response: { error: 'invalid_grant' } }, 'server_error'],
    ['an OAuth error beside tokens', { response: { ...userResponse(), error: 'x' } }, 'server_error'],
    ['no access token', { response: userResponse({ access_token: undefined }) }, 'bad_response'],
    ['an access token that is no text', { response: userResponse({ access_token: 1 }) }, 'bad_response'],
    ['an unknown token type', { response: userResponse({ token_type: 'constructor' }) }, 'bad_response'],
    ['a negative life', { response: userResponse({ expires_in: -1 }) }, 'bad_response'],
    ['a life that is no number', { response: userResponse({ expires_in: 'long' }) }, 'bad_response'],
    ['client_info that is no JSON', { response: userResponse({ client_info: '%' }) }, 'bad_response'],
    ['another audience', { response: userResponse({ id_token: jwt(claims({ aud: 'x' })) }) }, 'audience_mismatch'],
    ['an id token that has expired', { response: userResponse({ id_token: jwt(claims({ exp: now - 121 })) }) }, 'id_token_invalid'],
    ['an id token of two parts', { response: userResponse({ id_token: 'a.b' }) }, 'id_token_invalid'],
    ['an array', { response: [] }, 'invalid_argument'],
    ['no response', { response: undefined }, 'invalid_argument'],
    ['a token endpoint that is no URL', { tokenEndpoint: 'x' }, 'invalid_argument'],
    ['no token endpoint', { tokenEndpoint: undefined }, 'invalid_argument'],
    ['no scopes at all', { scopes: undefined, response: userResponse({ scope: undefined, id_token: undefined }) }, 'invalid_argument'],
    ['no client id', { clientId: undefined, response: userResponse({ id_token: undefined }) }, 'invalid_argument'],
    ['an environment that is no text', { environment: 1 }, 'invalid_argument'],
  ]
  it.each(bad)('%s', async (_, changes, code) => {
    const cache = new SerializableTokenCache()
    await cache.add(userEvent({}, { refresh_token: 'GOOD' }))
    const before = cache.serialize()
    expect(await codeOf(cache.add(userEvent(changes as never)))).toBe(code)
    expect(cache.hasStateChanged).toBe(false)
    expect(cache.serialize()).toBe(before)
  })

  it('an OAuth error is what the answer says', async () => {
    const response = { error: 'invalid_grant', error_description: 'why' }
    const error = await errorOf(new SerializableTokenCache().add(userEvent({ response })))
    expect(error).toMatchObject({ name: 'ServerError', error: 'invalid_grant', errorDescription: 'why', status: 200 })
  })

  it.each([undefined, null, 'x', {}])('the event %o', async (event) => {
    expect(await codeOf(new SerializableTokenCache().add(event as never))).toBe('invalid_argument')
  })

  it('S48 keys of prototypes are data', async () => {
    const cache = new SerializableTokenCache()
    const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'
    const response = JSON.parse(JSON.stringify(userResponse({ id_token: undefined })).replace('{', hostile))
    await cache.add(userEvent({ response }))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect((await cache.find('AccessToken'))[0]).not.toHaveProperty('polluted')
  })
})
