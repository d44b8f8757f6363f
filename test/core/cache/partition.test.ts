import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { claimsOf } from '../../../src/core/cache/claims-of.ts'
import { bindingOf, type Entity, homeRealm, realmOf, seconds } from '../../../src/core/cache/entities.ts'
import { Partition, type TokenQuery } from '../../../src/core/cache/partition.ts'
import { scopeKey } from '../../../src/core/oauth/scopes.ts'
import { jwt } from '../../support/fake-provider.ts'
import { clientId, home, host, tenant } from './support.ts'

const token = (secret: string, target: string, changes: Entity = {}): Entity => ({
  secret,
  target,
  client_id: clientId,
  environment: host,
  realm: tenant,
  home_account_id: home,
  expires_on: '2000000000',
  ...changes,
})

function partitionOf(...entities: Entity[]) {
  const partition = new Partition()
  for (const entity of entities) partition.load({ type: 'AccessToken', key: '', entity })
  const find = (scopes: string[], query: Partial<TokenQuery> = {}) =>
    partition.find({ cloud: host, clientId, realm: tenant, authority: 'x', binding: '', scopes, scopeKey: scopeKey(scopes), ...query })
      ?.entity.secret
  return { partition, find }
}

describe('find', () => {
  it('the token that serves longest', () => {
    const { find } = partitionOf(
      token('short', 'A', { expires_on: '1000' }),
      token('long', 'A B', { expires_on: '3000' }),
      token('middle', 'A C', { expires_on: 2000 }),
    )
    expect(find(['A'])).toBe('long')
    expect(find(['a'])).toBe('long')
    expect(find(['C', 'A'])).toBe('middle')
    expect(find(['C', 'B'])).toBeUndefined()
  })

  it.each<[Entity, Partial<TokenQuery>, boolean]>([
    [{}, {}, true],
    [{ environment: 'login.windows.net' }, {}, true],
    [{ realm: 'common' }, {}, true],
    [{ realm: tenant.toUpperCase() }, {}, true],
    [{ authority: 'https://a/b https://c/d' }, { realm: 'd', authority: 'https://c/d' }, true],
    [{ authority: 'https://a/b' }, { realm: 'd', authority: 'https://c/d' }, false],
    [{ client_id: 'other' }, {}, false],
    [{ environment: 'login.microsoftonline.us' }, {}, false],
    [{ realm: 'other' }, {}, false],
    [{ key_id: 'k' }, {}, false],
    [{ token_type: 'pop' }, {}, false],
    [{ token_type: 'pop', key_id: 'k' }, { binding: 'key k' }, true],
    [{ secret: '' }, {}, false],
    [{ secret: 5 }, {}, false],
    [{ expires_on: undefined }, {}, false],
    [{ expires_on: 'soon' }, {}, false],
    [{ target: undefined }, {}, false],
  ])('S45 S46 %o, asked for %o: %s', (entity, query, found) => {
    expect(partitionOf(token('it', 'A', entity)).find(['A'], query)).toBe(found ? 'it' : undefined)
  })

  it('S47 what was found is forgotten by a write, and made-up scopes do not fill the memory', () => {
    const { partition, find } = partitionOf(
      token('old', Array.from({ length: 300 }, (_, index) => `s${index}`).join(' '), { expires_on: '1000' }),
    )
    const asked = ['s0']
    const searched = vi.spyOn(asked, 'every')
    for (let turn = 0; turn < 3; turn++) expect(find(asked)).toBe('old')
    expect(searched).toHaveBeenCalledTimes(1)
    for (let index = 0; index < 300; index++) expect(find([`s${index}`])).toBe('old')
    find(asked)
    expect(searched).toHaveBeenCalledTimes(2)
    partition.load({ type: 'AccessToken', key: '', entity: token('new', 's1') })
    expect(find(['s1'])).toBe('new')
    partition.remove(({ entity }) => entity.secret === 'new')
    expect(find(['s1'])).toBe('old')
  })

  it('agrees with a search through everything', () => {
    const scope = fc.constantFrom('A', 'B', 'C')
    const entity = fc.record({
      scopes: fc.uniqueArray(scope),
      client_id: fc.constantFrom(clientId, 'other'),
      realm: fc.constantFrom(tenant, 'other', 'common'),
      expires_on: fc.nat(5),
      key_id: fc.option(fc.constant('k')),
    })
    fc.assert(
      fc.property(fc.array(entity, { maxLength: 8 }), fc.uniqueArray(scope, { minLength: 1 }), (entities, asked) => {
        const all = entities.map(({ scopes, ...fields }, index) => token(`${index}`, scopes.join(' '), fields))
        const serves = ({ client_id, realm, key_id, target }: Entity) =>
          client_id === clientId && realm !== 'other' && !key_id && asked.every((one) => String(target).split(' ').includes(one))
        const best = Math.max(...all.filter(serves).map((one) => Number(one.expires_on)))
        const { find } = partitionOf(...all)
        for (let turn = 0; turn < 2; turn++) {
          const found = all.find(({ secret }) => secret === find(asked))
          expect(found ? Number(found.expires_on) : Number.NEGATIVE_INFINITY).toBe(best)
          if (found) expect(serves(found)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('S45 of the cloud that is asked for, where a person has the same in several', () => {
    const government = 'login.microsoftonline.us'
    const { partition, find } = partitionOf(token('public', 'A B'), token('government', 'A', { environment: government }))
    expect(find(['A'])).toBe('public')
    expect(find(['A'], { cloud: government })).toBe('government')
    expect(find(['B'], { cloud: government })).toBeUndefined()
    partition.load({ type: 'Account', key: '', entity: { environment: government, realm: tenant, home_account_id: home } })
    const query = { cloud: host, clientId, realm: tenant, authority: 'x', binding: '', scopes: ['A'], scopeKey: 'a' }
    expect(partition.find(query)?.account).toBeUndefined()
    expect(partition.find({ ...query, cloud: government })?.account).toBeDefined()
  })

  it('S46 nothing but an access token, whatever fields another kind has', () => {
    const { partition, find } = partitionOf()
    for (const type of ['RefreshToken', 'IdToken'] as const) partition.load({ type, key: '', entity: token('not this', 'A') })
    expect(find(['A'])).toBeUndefined()
  })

  it('tells when it came; one that does not say came long ago', () => {
    const cachedAt = (changes: Entity) => {
      const { partition } = partitionOf(token('it', 'A', changes))
      return partition.find({ cloud: host, clientId, realm: tenant, authority: '', binding: '', scopes: ['A'], scopeKey: 'a' })?.cachedAt
    }
    expect(cachedAt({ cached_at: '1700000000' })).toBe(1_700_000_000)
    expect(cachedAt({})).toBe(0)
  })

  it('gives the id token and the account of the same realm and client', () => {
    const { partition } = partitionOf(token('it', 'A', { realm: 'common' }))
    const entry = (type: 'IdToken' | 'Account', entity: Entity) =>
      partition.load({ type, key: '', entity: { environment: host, home_account_id: home, ...entity } })
    entry('IdToken', { realm: 'other', client_id: clientId, secret: 'no' })
    entry('IdToken', { realm: tenant, client_id: 'other', secret: 'no' })
    entry('IdToken', { realm: tenant, client_id: clientId, secret: 'yes' })
    entry('Account', { realm: 'other', username: 'no' })
    entry('Account', { realm: tenant, username: 'yes' })
    const found = partition.find({ cloud: host, clientId, realm: tenant, authority: '', binding: '', scopes: ['A'], scopeKey: 'a' })
    expect(found).toMatchObject({ idToken: { secret: 'yes' }, account: { username: 'yes' } })
  })
})

it('remove tells whether there was anything', () => {
  const { partition } = partitionOf(token('it', 'A'))
  expect(partition.remove(({ entity }) => entity.secret === 'another')).toBe(false)
  expect(partition.remove(({ entity }) => entity.secret === 'it')).toBe(true)
  expect(partition.remove(() => true)).toBe(false)
})

it('claimsOf decodes once', () => {
  const idToken = { secret: jwt({ sub: 's' }) }
  expect(claimsOf(idToken)).toEqual({ sub: 's' })
  expect(claimsOf(idToken)).toBe(claimsOf(idToken))
  expect(claimsOf({ secret: 'no jwt' })).toBeUndefined()
})

describe('fields', () => {
  it.each<[unknown, number | undefined]>([
    ['12', 12],
    [12, 12],
    ['1.5', 1.5],
    ['', undefined],
    ['x', undefined],
    [null, undefined],
    [undefined, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [{}, undefined],
    [true, undefined],
    [['12'], undefined],
  ])('seconds of %o: %s', (value, expected) => expect(seconds({ value }, 'value')).toBe(expected))

  it('homeRealm: common and its like are the home tenant', () => {
    expect(homeRealm('Common', 'a.B')).toBe('B')
    expect(homeRealm('organizations', 'a.b.C')).toBe('C')
    expect(homeRealm('T', 'a.b')).toBe('T')
    expect(homeRealm('common', 'a')).toBe('common')
    expect(homeRealm('common', '')).toBe('common')
    expect(homeRealm('common', '.b')).toBe('common')
    expect(realmOf({ realm: 'consumers', home_account_id: 'u.T' })).toBe('t')
  })

  it.each<[Entity, string]>([
    [{}, ''],
    [{ token_type: 'BEARER' }, ''],
    [{ token_type: 'pop' }, 'pop'],
    [{ token_type: 'pop', key_id: 'k' }, 'key k'],
    [{ token_type: 'Bearer', key_id: 'k' }, 'key k'],
    [{ key_id: 'k' }, 'key k'],
  ])('bindingOf %o: "%s"', (entity, binding) => expect(bindingOf(entity)).toBe(binding))
})
