import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isAuthError, SerializableTokenCache } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { confidentialClient, publicClient, withoutWork } from '../client/support.ts'
import { appEvent, clientId, clientInfoOf, endpointOf, home, host, tenant, userEvent } from './support.ts'

const now = 1_900_000_000

beforeEach(() => void vi.useFakeTimers({ now: now * 1000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** What MSAL Python 1.31 writes: wire-protocol 3.3. */
const python = {
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
    '-login.microsoftonline.com-accesstoken-11111111-aaaa-bbbb-cccc-222222222222-contoso.com-https://graph.microsoft.com/.default': {
      credential_type: 'AccessToken',
      secret: 'APP-AT',
      home_account_id: null,
      environment: host,
      client_id: clientId,
      target: 'https://graph.microsoft.com/.default',
      realm: 'contoso.com',
      token_type: 'Bearer',
      cached_at: '1900000000',
      expires_on: '1900003599',
      extended_expires_on: '1900003599',
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
  IdToken: {
    'oid1.tidh-login.microsoftonline.com-idtoken-11111111-aaaa-bbbb-cccc-222222222222-organizations-': {
      credential_type: 'IdToken',
      secret: 'xxx.eyJzdWIiOiJzIn0.yyy',
      home_account_id: 'OID1.TIDH',
      environment: host,
      realm: 'organizations',
      client_id: clientId,
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
  AppMetadata: {
    'appmetadata-login.microsoftonline.com-11111111-aaaa-bbbb-cccc-222222222222': {
      client_id: clientId,
      environment: host,
      family_id: '1',
    },
  },
}

/** What MSAL Node writes: another alias of the cloud, `""` for no user, other keys, no target of a refresh token. */
const node = {
  Account: {
    [`${home}-login.windows.net-${tenant}`]: {
      home_account_id: home,
      environment: 'login.windows.net',
      realm: tenant,
      local_account_id: home.split('.')[0],
      username: 'jo@contoso.com',
      authority_type: 'MSSTS',
      name: 'Jo',
      client_info: clientInfoOf(),
      tenantProfiles: ['{"tenantId":"t"}'],
    },
  },
  IdToken: {
    [`${home}-login.windows.net-idtoken-${clientId}-${tenant}---`]: {
      home_account_id: home,
      environment: 'login.windows.net',
      credential_type: 'IdToken',
      client_id: clientId,
      secret: 'xxx.eyJzdWIiOiJzIn0.yyy',
      realm: tenant,
    },
  },
  AccessToken: {
    [`${home}-login.windows.net-accesstoken-${clientId}-${tenant}-user.read openid profile email--`]: {
      home_account_id: home,
      environment: 'login.windows.net',
      credential_type: 'AccessToken',
      client_id: clientId,
      secret: 'USER-AT',
      realm: tenant,
      target: 'User.Read openid profile email',
      cached_at: '1900000000',
      expires_on: '1900003600',
      extended_expires_on: '1900007200',
      token_type: 'Bearer',
    },
    [`-login.windows.net-accesstoken-${clientId}-${tenant}-app/.default--`]: {
      home_account_id: '',
      environment: 'login.windows.net',
      credential_type: 'AccessToken',
      client_id: clientId,
      secret: 'APP-AT',
      realm: tenant,
      target: 'app/.default',
      cached_at: '1900000000',
      expires_on: '1900003600',
      extended_expires_on: '1900003600',
      token_type: 'Bearer',
    },
  },
  RefreshToken: {
    [`${home}-login.windows.net-refreshtoken-${clientId}----`]: {
      home_account_id: home,
      environment: 'login.windows.net',
      credential_type: 'RefreshToken',
      client_id: clientId,
      secret: 'USER-RT',
    },
  },
  AppMetadata: {},
}

function loaded(content: unknown): SerializableTokenCache {
  const cache = new SerializableTokenCache()
  cache.deserialize(typeof content === 'string' ? content : JSON.stringify(content))
  return cache
}

const contentOf = (cache: SerializableTokenCache) => JSON.parse(cache.serialize())

describe('round trip', () => {
  it.each([
    ['MSAL Python', python],
    ['MSAL Node', node],
  ])('of what %s writes', (_, content) => {
    expect(contentOf(loaded(content))).toEqual(content)
  })

  it('unknown sections and fields survive, and a write beside them', async () => {
    const content = structuredClone({ ...python, Custom: { a: [1, { b: null }] }, Other: 'text', Empty: null }) as typeof python
    Object.assign(Object.values(content.Account)[0]!, { theirs: { x: 1 } })
    const cache = loaded(content)
    await cache.add(appEvent())
    expect(contentOf(cache)).toMatchObject({ Custom: { a: [1, { b: null }] }, Other: 'text', Empty: null, Account: content.Account })
    expect(contentOf(cache).Empty).toBeNull()
  })

  it('a field that another MSAL keeps in an account outlives a new sign-in', async () => {
    const cache = loaded(node)
    await cache.add(userEvent())
    expect(await cache.find('Account')).toMatchObject([{ client_info: clientInfoOf(), tenantProfiles: ['{"tenantId":"t"}'] }])
  })

  it.each([undefined, null, ''])('%o is an empty cache, and replaces what was there', (state) => {
    const cache = loaded(python)
    cache.deserialize(state)
    expect(contentOf(cache)).toEqual({ AccessToken: {}, RefreshToken: {}, IdToken: {}, Account: {}, AppMetadata: {} })
  })

  it.each(['{', 'null', '[]', '1', '"x"', 'undefined', ' '])('cache_invalid: %s, and the content stays', (state) => {
    const cache = loaded(python)
    expect(() => cache.deserialize(state)).toThrow(expect.objectContaining({ code: 'cache_invalid', name: 'ClientConfigurationError' }))
    expect(contentOf(cache)).toEqual(python)
  })
})

it('C11 hasStateChanged, which a look-up leaves as it is', async () => {
  const cache = new SerializableTokenCache()
  expect(cache.hasStateChanged).toBe(false)
  await cache.add(userEvent())
  expect(cache.hasStateChanged).toBe(true)
  const state = cache.serialize()
  expect(cache.hasStateChanged).toBe(false)
  await cache.find('AccessToken')
  expect(cache.hasStateChanged).toBe(false)
  await cache.add(userEvent())
  cache.deserialize(state)
  expect(cache.hasStateChanged).toBe(false)
  const app = publicClient(new FakeProvider(), { clientId, tokenCache: cache })
  await app.removeAccount((await app.getAccounts())[0]!)
  expect(cache.hasStateChanged).toBe(true)
})

describe('what others wrote is found by its fields', () => {
  it('MSAL Python: an account, its token, and the application’s', async () => {
    const provider = new FakeProvider()
    for (const authority of [`https://${host}/organizations`, 'https://login.windows.net/common', 'https://sts.windows.net/TIDH']) {
      const app = publicClient(provider, { clientId, authority, tokenCache: loaded(python) })
      const [account] = await app.getAccounts()
      expect(account).toEqual({
        homeAccountId: 'OID1.TIDH',
        environment: host,
        tenantId: 'TIDH',
        localAccountId: 'OID1',
        username: 'jo@contoso.com',
        authorityType: 'MSSTS',
        accountSource: 'authorization_code',
      })
      const hit = await withoutWork(provider, () => app.acquireTokenSilent({ scopes: ['user.read'], account }))
      expect(hit).toMatchObject({ accessToken: 'USER-AT', idToken: 'xxx.eyJzdWIiOiJzIn0.yyy', account })
    }
    const daemon = confidentialClient(provider, {
      clientId,
      authority: `https://login.microsoft.com/Contoso.com`,
      tokenCache: loaded(python),
    })
    expect(await daemon.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] })).toMatchObject({
      accessToken: 'APP-AT',
    })
    expect(provider.requests).toEqual([])
  })

  it('MSAL Node: an account, its token, and the application’s', async () => {
    const provider = new FakeProvider()
    const authority = `https://${host}/${tenant}`
    const app = publicClient(provider, { clientId, authority, tokenCache: loaded(node) })
    const [account] = await app.getAccounts()
    expect(await app.acquireTokenSilent({ scopes: ['User.Read'], account })).toMatchObject({
      accessToken: 'USER-AT',
      account: { name: 'Jo' },
    })
    const daemon = confidentialClient(provider, { clientId, authority, tokenCache: loaded(node) })
    expect(await daemon.acquireTokenForClient({ scopes: ['app/.default'] })).toMatchObject({ accessToken: 'APP-AT' })
    expect(provider.requests).toEqual([])
    await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })
    expect(provider.lastForm.refresh_token).toBe('USER-RT')
  })
})

describe('twins collapse on write', () => {
  it('aliases of a cloud, "" and null, order and case of scopes', async () => {
    const cache = loaded(node)
    await cache.add(appEvent({ scopes: ['APP/.default'] }))
    await cache.add(userEvent({}, { scope: 'email profile user.READ openid', foci: undefined }))
    const content = contentOf(cache)
    const count = (section: string) => Object.keys(content[section]).length
    expect(count('AccessToken')).toBe(2)
    for (const section of ['RefreshToken', 'IdToken', 'Account', 'AppMetadata']) expect(count(section)).toBe(1)
    expect(JSON.stringify(content)).not.toContain('login.windows.net')
  })

  it('common and the tid', async () => {
    const cache = loaded(python)
    const response = { client_info: clientInfoOf('OID1', 'TIDH'), scope: 'User.Read Mail.Read' }
    await cache.add(userEvent({ tokenEndpoint: endpointOf('TIDH') }, response))
    const content = contentOf(cache)
    for (const section of ['RefreshToken', 'IdToken', 'Account']) expect(Object.keys(content[section])).toHaveLength(1)
    expect(Object.values(content.AccessToken)).toMatchObject([{ realm: 'TIDH' }, { secret: 'APP-AT' }])
  })

  it('C8 refresh tokens that were filed by scope', async () => {
    const content = structuredClone(python) as { RefreshToken: Record<string, object> }
    const [one] = Object.values(content.RefreshToken)
    content.RefreshToken = { one: { ...one!, family_id: undefined, target: 'a' }, two: { ...one!, family_id: undefined, target: 'b' } }
    const cache = loaded(content)
    await cache.add(userEvent({ tokenEndpoint: endpointOf('TIDH') }, { client_info: clientInfoOf('OID1', 'TIDH'), foci: undefined }))
    expect(await cache.find('RefreshToken')).toHaveLength(1)
  })
})

describe('odd content', () => {
  it('S45 owners whose keys are alike in lower case stay apart', async () => {
    const cache = new SerializableTokenCache()
    const users = ['ABC', 'abc', 'Abc']
    for (const user of users)
      await cache.add(userEvent({}, { client_info: clientInfoOf(user, 'T'), access_token: user, refresh_token: user }))
    const copy = loaded(cache.serialize())
    for (const user of users) {
      const query = { home_account_id: `${user}.T` }
      expect(await copy.find('AccessToken', query)).toMatchObject([{ secret: user }])
      expect(await copy.find('RefreshToken', query)).toMatchObject([{ secret: user }])
      expect(await copy.find('Account', query)).toHaveLength(1)
    }
  })

  it('C24 broken entries and sections stand beside valid ones', async () => {
    const content = structuredClone(python) as Record<string, Record<string, unknown>>
    Object.assign(content.AccessToken!, { a: null, b: 'text', c: [], d: {}, e: { secret: 5, expires_on: {} } })
    Object.assign(content.Account!, { f: 7, g: { home_account_id: 7, environment: [] } })
    content.IdToken = null as never
    content.RefreshToken = [] as never
    const cache = loaded(content)
    await cache.add(appEvent())
    await cache.add(userEvent())
    expect(contentOf(cache).AccessToken).toMatchObject({ a: null, b: 'text', c: [], d: {}, e: { secret: 5, expires_on: {} } })
    expect(contentOf(cache).Account).toMatchObject({ f: 7, g: { home_account_id: 7 } })
    for (const type of ['IdToken', 'RefreshToken'] as const) expect(await loaded(cache.serialize()).find(type)).toHaveLength(1)
    const app = publicClient(new FakeProvider(), { clientId, tokenCache: cache, authority: `https://${host}/common` })
    expect(await app.getAccounts()).toHaveLength(2)
  })

  it('S48 keys of prototypes are data', async () => {
    const hostile = JSON.stringify(python).replaceAll(
      '"credential_type"',
      '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"credential_type"',
    )
    const state = hostile
      .replace('{', '{"__proto__":{"polluted":1},"constructor":{"a":1},')
      .replace('"Account":{', '"Account":{"__proto__":{"home_account_id":"x"},')
    const cache = loaded(state)
    await cache.add(userEvent())
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
    const again = cache.serialize()
    expect(Object.hasOwn(JSON.parse(again), '__proto__')).toBe(true)
    expect(again.split('"__proto__":{"polluted":1}').length).toBe(state.split('"__proto__":{"polluted":1}').length)
    expect(JSON.parse(again).constructor).toEqual({ a: 1 })
    expect(await loaded(again).find('AccessToken', { home_account_id: 'OID1.TIDH' })).toMatchObject([{ secret: 'USER-AT' }])
  })

  it('2 000 mutated files throw nothing but cache_invalid, and lose no valid entry', { timeout: 60_000 }, async () => {
    const leaf = fc.oneof(
      fc.constantFrom(null, '', 0, -1, 1e300, '__proto__', 'AccessToken', {}, [], '\u0000', 'é'),
      fc.jsonValue({ maxDepth: 2 }),
    )
    const mutation = fc.record({
      path: fc.array(fc.nat(12), { maxLength: 3 }),
      action: fc.constantFrom('set', 'delete', 'copy', 'add'),
      value: leaf,
    })
    const source = fc.constantFrom(python, node)
    const mark = { ...Object.values(python.AccessToken)[0]!, home_account_id: 'MARK.T', secret: 'MARK' }
    await fc.assert(
      fc.asyncProperty(source, fc.array(mutation, { maxLength: 8 }), fc.option(fc.nat(4000)), async (origin, mutations, cut) => {
        const content = structuredClone(origin) as Record<string, unknown>
        for (const { path, action, value } of mutations) mutate(content, path, action, value)
        if (isObject(content.AccessToken)) content.AccessToken.mark = mark
        const state = JSON.stringify(content)
        const cache = new SerializableTokenCache()
        try {
          cache.deserialize(cut === null ? state : state.slice(0, cut))
        } catch (error) {
          expect(isAuthError(error, 'cache_invalid')).toBe(true)
          return
        }
        const valid = cut === null && isObject(content.AccessToken)
        const app = publicClient(new FakeProvider(), { clientId, tokenCache: cache, authority: `https://${host}/common` })
        for (const account of await app.getAccounts({ username: 'x' })) await app.removeAccount(account)
        for (const account of await app.getAccounts())
          await app.acquireTokenSilent({ scopes: ['User.Read'], account }).catch((error: unknown) => expect(isAuthError(error)).toBe(true))
        await cache.add(appEvent())
        await cache.add(userEvent())
        const copy = loaded(cache.serialize())
        if (valid) expect(await copy.find('AccessToken', { home_account_id: 'MARK.T' })).toMatchObject([{ secret: 'MARK' }])
        if (cut === null) for (const [section, value] of Object.entries(content)) expectKept(copy, section, value)
        expect(await copy.find('AccessToken', { home_account_id: home, secret: 'USER-AT' })).not.toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function mutate(content: Record<string, unknown>, path: number[], action: string, value: unknown): void {
  let parent: Record<string, unknown> = content
  let key = Object.keys(parent)[(path[0] ?? 0) % Math.max(1, Object.keys(parent).length)] ?? 'x'
  for (const step of path.slice(1)) {
    const child = parent[key]
    if (!isObject(child) || !Object.keys(child).length) break
    parent = child
    const keys = Object.keys(child)
    key = keys[step % keys.length]!
  }
  if (action === 'delete') delete parent[key]
  else if (action === 'copy') parent[`${key} copy`] = structuredClone(parent[key])
  else parent[action === 'set' ? key : 'added'] = structuredClone(value)
}

/** Whatever is no section of ours is kept as it came. */
function expectKept(cache: SerializableTokenCache, section: string, value: unknown): void {
  if (!(section in python)) expect(contentOf(cache)[section]).toEqual(JSON.parse(JSON.stringify(value)))
}
