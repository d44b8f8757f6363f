import { PublicClientApplication } from '@azure/msal-node'
import { describe, expect, test, vi } from 'vitest'
import { UnifiedFile } from '../../src/node/unified-file.ts'
import { client_id, environment, node, python, tenant } from './msal-files.ts'

const parse = (content: unknown) => UnifiedFile.parse(JSON.stringify(content))!
const read = async (file: UnifiedFile, partition: string) => JSON.parse((await file.read(partition))!.value)
const content = (file: UnifiedFile) => JSON.parse(file.toString())
const user = `user:uid.${tenant}`
const app = `app:${client_id} ${environment} contoso.com`

describe('what other MSALs wrote', () => {
  test('of MSAL Python is read by partition, with the metadata of the clients in it', async () => {
    const file = parse(python)
    const [userKey, appKey] = Object.keys(python.AccessToken)
    const [clientMetadata] = Object.entries(python.AppMetadata)
    expect([...file.list()].sort()).toEqual([app, user])
    expect(await read(file, user)).toEqual({
      AccessToken: { [userKey!]: Object.values(python.AccessToken)[0] },
      RefreshToken: python.RefreshToken,
      IdToken: python.IdToken,
      Account: python.Account,
      AppMetadata: Object.fromEntries([clientMetadata!]),
    })
    expect(await read(file, app)).toEqual({
      AccessToken: { [appKey!]: Object.values(python.AccessToken)[1] },
      AppMetadata: Object.fromEntries([clientMetadata!]),
    })
    expect(await file.read('user:nobody')).toBeNull()
  })

  test('of MSAL Node is read by partition, on-behalf-of tokens apart from their user', async () => {
    const file = parse(node)
    expect(await read(file, user)).toEqual({ Account: node.Account })
    expect(await read(file, 'assertion:assertion-hash')).toEqual({ AccessToken: node.AccessToken })
    expect([...file.list()].sort()).toEqual(['assertion:assertion-hash', user])
  })

  test('stays as it is where another partition is written or removed: entries, fields and sections that nobody here knows', async () => {
    const strange = { AccessToken: { ...python.AccessToken, odd: 'a text', none: null }, Broker: { deep: [{ a: 1 }] }, version: 2, '': [] }
    const before = { ...python, ...strange }
    const file = parse(before)
    const value = { AccessToken: { x: { home_account_id: 'x.y', secret: 'x' } } }
    file.write('user:x.y', JSON.stringify(value))
    expect(content(file)).toEqual({ ...before, AccessToken: { ...before.AccessToken, ...value.AccessToken } })
    file.remove('user:x.y')
    expect(content(file)).toEqual(before)
  })

  test('is replaced where their own partition is written', async () => {
    const file = parse(python)
    const changed = await read(file, user)
    delete changed.RefreshToken
    changed.Account.other = { home_account_id: `uid.${tenant}`, environment, realm: 'guest' }
    file.write(user, JSON.stringify(changed))
    expect(content(file).RefreshToken).toEqual({})
    expect(Object.keys(content(file).Account)).toEqual([...Object.keys(python.Account), 'other'])
    expect(await read(file, user)).toEqual(changed)
    expect((await read(file, app)).AccessToken).toBeDefined()
  })
})

describe('metadata of clients', () => {
  const withFamily = (family_id: unknown, host = environment) => ({
    AccessToken: { x: { home_account_id: 'x.y', environment: host, client_id } },
    AppMetadata: { [`appmetadata-${host}-${client_id}`]: { client_id, environment: host, family_id } },
  })

  test('a family is kept against a writer that does not know it, whatever alias it writes under', () => {
    for (const [unknown, host] of [
      [null, environment],
      ['', environment],
      [null, 'login.windows.net'],
    ] as const) {
      const file = parse({ AppMetadata: withFamily('1').AppMetadata })
      file.write('user:x.y', JSON.stringify(withFamily(unknown, host)))
      expect(content(file).AppMetadata).toEqual(withFamily('1').AppMetadata)
    }
  })

  test('a new family is written', () => {
    const file = parse(python)
    file.write('user:x.y', JSON.stringify(withFamily('7')))
    expect(content(file).AppMetadata).toEqual({ ...python.AppMetadata, ...withFamily('7').AppMetadata })
  })

  test('is no part of the version, and stays when a partition goes', async () => {
    const file = parse(python)
    const version = (await file.read(user))?.version
    file.write('user:x.y', JSON.stringify(withFamily('7')))
    expect((await file.read(user))?.version).toBe(version)
    file.remove(user)
    expect(Object.keys(content(file).AppMetadata)).toEqual(Object.keys(python.AppMetadata))
  })
})

test("an application's partition has the names of the tenants that it was asked under", async () => {
  const file = parse({})
  const token = { environment, client_id, realm: tenant, authority: `https://${environment}/Contoso.com`, secret: 'a' }
  const other = { environment: 'sts.windows.net', client_id, realm: tenant, secret: 'b' }
  file.write(app, JSON.stringify({ AccessToken: { token, other } }))
  expect(await read(file, `app:${client_id} ${environment} ${tenant}`)).toEqual({ AccessToken: { token, other } })
  expect([...file.list()]).toHaveLength(1)
  file.remove(app)
  expect(content(file).AccessToken).toEqual({})
})

test('an order of entries that another MSAL has changed is no new version', async () => {
  const content = { ...python, Account: { ...python.Account, guest: { home_account_id: `uid.${tenant}`, realm: 'guest' } } }
  const turned = Object.entries(content).map(([name, section]) => [name, Object.fromEntries(Object.entries(section).reverse())])
  const found = await parse(Object.fromEntries(turned.reverse())).read(user)
  expect(found).toEqual(await parse(content).read(user))
})

test('two owners whose keys look alike keep their entries', async () => {
  const file = parse({})
  const value = (home_account_id: string) =>
    JSON.stringify({ AccessToken: { same: { home_account_id } }, Account: { same: { home_account_id } } })
  for (const id of ['a.b', 'A.b', 'a.B']) file.write(`user:${id}`, value(id))
  for (const id of ['a.b', 'A.b', 'a.B']) {
    const found = await read(file, `user:${id}`)
    expect([Object.values(found.AccessToken), Object.values(found.Account)]).toEqual([[{ home_account_id: id }], [{ home_account_id: id }]])
  }
})

test.each([
  ['a text', user, 'sealed'],
  ['an entry that belongs to another', user, JSON.stringify({ AccessToken: { x: { home_account_id: 'other.y' } } })],
  ['a section that the schema lacks', user, JSON.stringify({ AccessToken: {}, Strange: {} })],
  ['an entry that is no object', user, JSON.stringify({ AccessToken: { x: 'y' } })],
  ['a name of no kind', 'anything', JSON.stringify({ AccessToken: {} })],
  ['a name without an owner', 'user:', '{}'],
])('%s is kept as text, and gives way to entries', async (_name, partition, text) => {
  const file = parse(python)
  file.write(partition, text)
  expect((await file.read(partition))?.value).toBe(text)
  expect(file.list()).toContain(partition)
  expect((await UnifiedFile.parse(file.toString())!.read(partition))?.value).toBe(text)
  if (partition === user) {
    expect(content(file).RefreshToken).toEqual({})
    file.write(user, JSON.stringify({ Account: python.Account }))
    expect(await read(file, user)).toEqual({ Account: python.Account })
  } else file.remove(partition)
  expect('MsalIsomorphic' in content(file)).toBe(false)
})

test("S47 what was got with an assertion, or is kept as text, goes when its time is over; a person's entries stay", async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const file = parse({})
  file.write('assertion:hash', JSON.stringify({ AccessToken: { x: { user_assertion_hash: 'hash' } } }), 1000)
  file.write('user:sealed', 'sealed', 1000)
  file.write('user:x.y', JSON.stringify({ AccessToken: { y: { home_account_id: 'x.y' } } }), 1000)
  vi.setSystemTime(Date.now() + 999)
  file.write('user:other', 'z')
  expect([...file.list()].sort()).toEqual(['assertion:hash', 'user:other', 'user:sealed', 'user:x.y'])
  vi.setSystemTime(Date.now() + 1)
  file.write('user:other', 'z')
  expect([...file.list()].sort()).toEqual(['user:other', 'user:x.y'])
  expect(Object.keys(content(file).MsalIsomorphic)).toEqual(['user:other'])
  vi.useRealTimers()
})

test('a partition without entries does not exist', async () => {
  const file = parse(python)
  file.write(user, '{}', 1000)
  file.write('assertion:hash', '{}', 1000)
  expect(await file.read(user)).toBeNull()
  expect([...file.list()]).toEqual([app])
  expect(file.toString()).not.toContain('MsalIsomorphic')
})

test('S48 names of prototypes are data', async () => {
  const text =
    '{"__proto__":{"x":1},"AccessToken":{"__proto__":{"home_account_id":"__proto__","secret":"s"},"constructor":{"home_account_id":"constructor"}},"AppMetadata":{"a":{}}}'
  const file = UnifiedFile.parse(text)!
  expect([...file.list()].sort()).toEqual(['user:__proto__', 'user:constructor'])
  const found = await file.read('user:__proto__')
  file.write('user:__proto__', found!.value)
  file.write('__proto__', 'sealed')
  file.write('user:x', '{"AppMetadata":{"b":{"__proto__":{"x":2}}}}')
  expect((await file.read('__proto__'))?.value).toBe('sealed')
  expect((await file.read('user:__proto__'))?.version).toBe(found?.version)
  expect(file.toString()).toContain('{"__proto__":{"x":1}')
  expect(file.toString()).toContain('{"a":{"__proto__":{"x":2}}}')
  expect(file.toString()).toContain('"__proto__":{"home_account_id":"__proto__","secret":"s"}')
  expect(({} as { x?: unknown }).x).toBeUndefined()
})

test('S44 a file that is cut off anywhere, or has any bit turned, is never an error', async () => {
  const text = parse(python).toString()
  for (let length = 1; length < text.length; length++) expect(UnifiedFile.parse(text.slice(0, length))).toBeUndefined()
  const bytes = new TextEncoder().encode(text)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const file = UnifiedFile.parse(new TextDecoder().decode(bytes))
    for (const name of file?.list() ?? []) file!.remove(name)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
})

test('MSAL Node takes its turn with the file: it finds our accounts, and what is ours alone outlives it', async () => {
  const file = parse({})
  const { AppMetadata, ...owned } = python
  const [[key, token]] = Object.entries(owned.AccessToken) as [[string, object]]
  file.write(user, JSON.stringify({ ...owned, AccessToken: { [key]: token }, AppMetadata }))
  file.write('user:sealed', 'sealed')
  const theirs = new PublicClientApplication({ auth: { clientId: client_id } }).getTokenCache()
  theirs.deserialize(file.toString())
  const [account] = await theirs.getAllAccounts()
  expect(account).toMatchObject({ homeAccountId: `uid.${tenant}`, username: 'person@contoso.com' })
  const returned = UnifiedFile.parse(theirs.serialize())!
  expect(await returned.read(user)).toEqual(await file.read(user))
  expect((await returned.read('user:sealed'))?.value).toBe('sealed')
  await theirs.removeAccount(account!)
  expect(await UnifiedFile.parse(theirs.serialize())!.read(user)).toBeNull()
})
