import { describe, expect, it } from 'vitest'
import type { Entity } from '../../../src/core/cache/entities.ts'
import { partitionFor, settle } from '../../../src/core/cache/filing.ts'
import { familyOf } from '../../../src/core/cache/listing.ts'
import { appId, Partitions } from '../../../src/core/cache/partitions.ts'
import { entriesOf } from '../../../src/core/cache/sections.ts'
import { clientId, host } from './support.ts'

const app = (realm: string, ...asked: string[]): Entity => ({
  client_id: clientId,
  environment: host,
  realm,
  ...(asked.length && { authority: asked.map((tenant) => `https://${host}/${tenant}`).join(' ') }),
})

function file(memory: Partitions, entity: Entity) {
  const partition = partitionFor(memory, { type: 'AccessToken', entity })
  partition.load({ type: 'AccessToken', key: '', entity })
  return partition
}

describe('partitionFor', () => {
  it('S46 one per person, assertion, and application in a tenant', () => {
    const memory = new Partitions()
    const person = file(memory, { home_account_id: 'a.b' })
    expect(file(memory, { home_account_id: 'a.b', client_id: 'x', realm: 'y' })).toBe(person)
    const others = [
      file(memory, { home_account_id: 'a.B' }),
      file(memory, { home_account_id: 'a.b', user_assertion_hash: 'h' }),
      file(memory, app('one')),
      file(memory, app('two')),
      file(memory, { ...app('one'), client_id: 'other' }),
      file(memory, { ...app('one'), environment: 'login.microsoftonline.us' }),
    ]
    expect(new Set([person, ...others]).size).toBe(7)
    expect(file(memory, { home_account_id: 'c.d', userAssertionHash: 'h' })).toBe(others[1])
    expect(file(memory, { ...app('ONE'), environment: 'login.windows.net', home_account_id: '' })).toBe(others[2])
    expect(partitionFor(memory, { type: 'AppMetadata', entity: { client_id: 'x' } })).toBe(memory.shared)
  })

  it('names of one tenant are joined once an entry tells, and nothing is there twice', () => {
    const memory = new Partitions()
    file(memory, app('one.example', 'two.example'))
    file(memory, app('GUID', 'three.example'))
    const apart = file(memory, app('another'))
    expect(new Set(memory.apps.values()).size).toBe(3)
    const joined = file(memory, app('GUID', 'one.example'))
    for (const tenant of ['guid', 'one.example', 'two.example', 'three.example'])
      expect(memory.get({ app: appId(clientId, host, tenant) })).toBe(joined)
    expect([...entriesOf(memory)]).toHaveLength(4)
    expect(memory.get({ app: appId(clientId, host, 'another') })).toBe(apart)
    expect(apart.entries).toHaveLength(1)
    // What other processes call it too.
    expect(appId(clientId, host, 'Two.Example')).toBe(`${clientId} ${host} two.example`)
  })

  it('an authority that is no URL is passed over', () => {
    const memory = new Partitions()
    file(memory, { ...app('one'), authority: 'no url' })
    expect([...memory.apps.keys()]).toEqual([appId(clientId, host, 'one')])
  })
})

it('settle drops a person’s partition when it is empty', () => {
  const memory = new Partitions()
  let changes = 0
  memory.listeners.add(() => void changes++)
  const partition = file(memory, { home_account_id: 'a.b' })
  settle(memory, 'a.b')
  expect(memory.users.size).toBe(1)
  partition.remove(() => true)
  settle(memory, 'a.b')
  expect(memory.users.size).toBe(0)
  expect(changes).toBe(2)
})

it('familyOf: null for a client that has not been seen in this cloud', () => {
  const memory = new Partitions()
  memory.shared.load({ type: 'AppMetadata', key: '', entity: { client_id: 'member', environment: 'login.windows.net', family_id: '1' } })
  memory.shared.load({ type: 'AppMetadata', key: '', entity: { client_id: 'orphan', environment: host } })
  expect(familyOf(memory, 'member', host)).toBe('1')
  expect(familyOf(memory, 'orphan', host)).toBe('')
  expect(familyOf(memory, 'new', host)).toBeNull()
  expect(familyOf(memory, 'member', 'login.microsoftonline.us')).toBeNull()
})
