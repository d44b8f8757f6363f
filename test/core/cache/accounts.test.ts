import { describe, expect, it } from 'vitest'
import { type Authority, parseAuthority } from '../../../src/core/authority/authority.ts'
import { accountIn } from '../../../src/core/cache/account.ts'
import type { Entity } from '../../../src/core/cache/entities.ts'
import { visibleIn } from '../../../src/core/cache/listing.ts'
import { Partition } from '../../../src/core/cache/partition.ts'
import { home, host, tenant } from './support.ts'

it('accountIn: no row of this cloud, no account', () => {
  const partition = new Partition()
  const [authority, otherAuthority] = ['login.microsoftonline.com', 'login.example'].map((name) =>
    parseAuthority({ authority: `https://${name}/common` }),
  ) as [Authority, Authority]
  partition.load({ type: 'Account', key: '', entity: { home_account_id: 'a.b', environment: 'login.example', realm: 'b' } })
  expect(accountIn(partition, authority)).toBeUndefined()
  expect(accountIn(partition, otherAuthority)).toEqual({
    homeAccountId: 'a.b',
    environment: 'login.example',
    tenantId: 'b',
    localAccountId: null,
    username: '',
    authorityType: '',
  })
})

describe('the account that was found last', () => {
  const authority = parseAuthority({ authority: `https://${host}/${tenant}` })
  const row = (realm: string, name: string): Entity => ({ home_account_id: home, environment: host, realm, name })
  const filled = () => {
    const partition = new Partition()
    partition.load({ type: 'Account', key: 'guest', entity: row('guest', 'Guest') })
    return partition
  }

  it("is handed out as copies, which are the callers' to change", () => {
    const partition = filled()
    const first = accountIn(partition, authority)!
    const before = { ...first }
    Object.assign(first, { homeAccountId: 'x', username: 'x', more: 'x' })
    expect(accountIn(partition, authority)).toEqual(before)
    expect(accountIn(partition, authority)).not.toBe(accountIn(partition, authority))
    expect(partition.entries[0]!.entity).toEqual(row('guest', 'Guest'))
  })

  it("is forgotten when an entry is added or removed, and is nobody else's", () => {
    const partition = filled()
    const name = () => accountIn(partition, authority)?.name
    expect(name()).toBe('Guest')
    partition.load({ type: 'Account', key: 'home', entity: row(home.split('.').at(-1)!, 'Home') })
    expect(name()).toBe('Home')
    expect(accountIn(partition, parseAuthority({ authority: 'https://login.microsoftonline.us/common' }))).toBeUndefined()
    expect(name()).toBe('Home')
    partition.remove(({ key }) => key === 'home')
    expect(name()).toBe('Guest')
    partition.remove(() => true)
    expect(name()).toBeUndefined()
  })
})

describe('whose account it is', () => {
  const authority = parseAuthority({ authority: `https://${host}/${tenant}` })
  const partitionOf = (...rows: Entity[]) => {
    const partition = new Partition()
    for (const entity of rows) partition.load({ type: 'Account', key: '', entity })
    return partition
  }
  const row = (changes: Entity): Entity => ({ home_account_id: home, environment: host, realm: tenant, username: 'jo', ...changes })
  const shown = (partition: Partition, viewer: Authority = authority) => accountIn(partition, viewer)?.username

  it('the row of the home tenant, wherever it stands; without one the newest', () => {
    const guests = ['first', 'second'].map((realm) => row({ realm, username: realm }))
    expect(shown(partitionOf(...guests))).toBe('second')
    expect(shown(partitionOf(guests[0]!, row({ username: 'home' }), guests[1]!))).toBe('home')
    const capitals = row({ home_account_id: 'U.ABC', realm: 'abc', username: 'home' })
    expect(shown(partitionOf(capitals, guests[1]!))).toBe('home')
    // A tenant whose id another one's ends with, and a user whose id begins as a tenant's.
    expect(shown(partitionOf(row({ home_account_id: 'u.x-one', realm: 'one', username: 'wrong' }), guests[1]!))).toBe('second')
    expect(shown(partitionOf(row({ home_account_id: '.one.two', realm: 'one', username: 'wrong' }), guests[1]!))).toBe('second')
  })

  it('the realms of a generic provider do not see each other; what names none is seen by all', () => {
    const [one, other] = ['one', 'other'].map((realm) => parseAuthority({ oidcAuthority: `https://id.example/${realm}` })) as [
      Authority,
      Authority,
    ]
    const of = (viewer: Authority, username: string) => row({ environment: 'id.example', authority: viewer.url, username })
    const partition = partitionOf(of(one, 'Jo of one'), of(other, 'Sam of other'))
    expect([shown(partition, one), shown(partition, other), shown(partition, one)]).toEqual(['Jo of one', 'Sam of other', 'Jo of one'])
    expect(visibleIn(partition, 'Account', one)).toHaveLength(1)
    expect(shown(partitionOf(of(other, 'Sam of other')), one)).toBeUndefined()
    expect(shown(partitionOf(row({ environment: 'id.example', username: 'old' })), one)).toBe('old')
  })

  it('a tenant sees what another of its cloud has brought', () => {
    const authorities = { authority: `https://${host}/another` }
    expect(shown(partitionOf(row({ ...authorities, username: 'jo' })))).toBe('jo')
    expect(shown(partitionOf(row({ environment: 'login.microsoftonline.us' })))).toBeUndefined()
  })
})
