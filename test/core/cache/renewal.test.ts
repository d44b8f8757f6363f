import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CredentialType, Entity } from '../../../src/core/cache/entities.ts'
import { Partitions } from '../../../src/core/cache/partitions.ts'
import type { ClientTokenEvent } from '../../../src/core/cache/token-event.ts'
import { readTokenEvent, writeUserOutcome } from '../../../src/core/cache/user-event.ts'
import { clientId, clientInfoOf, endpointOf, home, tenant, userEvent } from './support.ts'

const now = 1_900_000_000

beforeEach(() => void vi.useFakeTimers({ now: now * 1000, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** Adds what an event brings, as a client does. */
function bring(memory: Partitions, event: Partial<ClientTokenEvent> = {}, response: Record<string, unknown> = {}) {
  const whole = userEvent({ ...event }, response) as ClientTokenEvent
  const outcome = readTokenEvent(whole)
  writeUserOutcome(memory, whole, outcome)
  return outcome
}
const entities = (memory: Partitions, type: CredentialType, user = home): Entity[] =>
  memory.users.get(user)?.entries.flatMap((entry) => (entry.type === type ? [entry.entity] : [])) ?? []
const secrets = (memory: Partitions, type: CredentialType) => entities(memory, type).map(({ secret }) => secret)
const renewal = (memory: Partitions, secret: string): Partial<ClientTokenEvent> => ({
  grantType: 'refresh_token',
  homeAccountId: home,
  heldToken: entities(memory, 'RefreshToken').find((entity) => entity.secret === secret) ?? { credential_type: 'RefreshToken', secret },
})
const later = (seconds: number) => vi.setSystemTime((now + seconds) * 1000)

describe('a renewal', () => {
  const signedIn = () => {
    const memory = new Partitions()
    bring(memory, {}, { refresh_token: 'RT1', access_token: 'AT1' })
    return { memory, held: renewal(memory, 'RT1') }
  }

  it('takes the place of what it was made with', () => {
    const { memory, held } = signedIn()
    bring(memory, held, { refresh_token: 'RT2', access_token: 'AT2' })
    expect([secrets(memory, 'RefreshToken'), secrets(memory, 'AccessToken')]).toEqual([['RT2'], ['AT2']])
    expect(entities(memory, 'Account')).toHaveLength(1)
  })

  it('S31 brings nothing back where its owner has signed out', () => {
    const { memory, held } = signedIn()
    memory.users.clear()
    bring(memory, held, { refresh_token: 'RT2', access_token: 'AT2' })
    expect(memory.users.size).toBe(0)
  })

  it('S31 nor where only the refresh token has gone', () => {
    const { memory, held } = signedIn()
    memory.users.get(home)!.remove(({ type }) => type === 'RefreshToken')
    bring(memory, held, { refresh_token: 'RT2', access_token: 'AT2' })
    expect([secrets(memory, 'RefreshToken'), secrets(memory, 'AccessToken')]).toEqual([[], ['AT1']])
  })

  it('that brings no other refresh token or id token leaves those that are there', () => {
    const { memory, held } = signedIn()
    bring(memory, held, { refresh_token: undefined, id_token: undefined, access_token: 'AT2' })
    expect([secrets(memory, 'RefreshToken'), secrets(memory, 'AccessToken')]).toEqual([['RT1'], ['AT2']])
    expect(entities(memory, 'IdToken')).toHaveLength(1)
    const realm = { realm: 'realm', authority: 'https://login.microsoftonline.com/realm' }
    bring(memory, { ...renewal(memory, 'RT1'), ...realm }, { refresh_token: undefined, id_token: undefined })
    expect(secrets(memory, 'RefreshToken')).toEqual(['RT1'])
  })

  it('is not overtaken where its token has a twin', () => {
    const { memory, held } = signedIn()
    memory.users.get(home)!.load({ type: 'RefreshToken', key: '', entity: { ...held.heldToken, secret: 'twin' } })
    bring(memory, held, { refresh_token: 'RT2', access_token: 'AT2' })
    expect(secrets(memory, 'RefreshToken')).toEqual(['RT2'])
  })

  it('makes one of two rows of an account that libraries have filed under two names of its cloud', () => {
    const { memory, held } = signedIn()
    const partition = memory.users.get(home)!
    const [account] = entities(memory, 'Account')
    partition.load({ type: 'Account', key: '', entity: { ...account, environment: 'login.windows.net', of_another_library: 'kept' } })
    bring(memory, held, { refresh_token: 'RT2' })
    expect(entities(memory, 'Account')).toMatchObject([{ username: account!.username, of_another_library: 'kept' }])
  })

  it('that somebody else has overtaken leaves the refresh token, and the access token that came with it or later', () => {
    const { memory, held } = signedIn()
    later(10)
    bring(memory, renewal(memory, 'RT1'), { refresh_token: 'RT2', access_token: 'AT2' })
    bring(memory, held, { refresh_token: 'RT3', access_token: 'AT3' })
    expect([secrets(memory, 'RefreshToken'), secrets(memory, 'AccessToken')]).toEqual([['RT2'], ['AT2']])
  })

  it('brings its access token all the same where there is none as new', () => {
    const { memory, held } = signedIn()
    later(10)
    bring(memory, renewal(memory, 'RT1'), { refresh_token: 'RT2', access_token: 'AT2', scope: 'Mail.Read' })
    bring(memory, held, { refresh_token: 'RT3', access_token: 'AT3' })
    expect(secrets(memory, 'RefreshToken')).toEqual(['RT2'])
    expect(secrets(memory, 'AccessToken').sort()).toEqual(['AT2', 'AT3'])
  })

  it("of a family's token stays with the client that has signed in, and in the family", () => {
    const memory = new Partitions()
    bring(memory, {}, { refresh_token: 'RT1', foci: '1' })
    const held = renewal(memory, 'RT1')
    bring(memory, { ...held, clientId: 'sibling' }, { refresh_token: 'RT2', foci: undefined, id_token: undefined })
    expect(entities(memory, 'RefreshToken')).toMatchObject([{ secret: 'RT2', client_id: clientId, family_id: '1' }])
  })

  it('of a token that another MSAL has filed without an authority takes its place', () => {
    const memory = new Partitions()
    bring(memory, {}, { refresh_token: 'RT1' })
    const partition = memory.users.get(home)!
    const other = { credential_type: 'IdToken', secret: 'RT1', home_account_id: home }
    partition.load({ type: 'IdToken', key: '', entity: other })
    const neighbour = { ...renewal(memory, 'RT1').heldToken, family_id: '', client_id: 'neighbour', secret: 'of a neighbour' }
    partition.load({ type: 'RefreshToken', key: '', entity: neighbour })
    const realm = 'https://login.microsoftonline.com/realm'
    bring(memory, { ...renewal(memory, 'RT1'), realm }, { refresh_token: 'RT2', id_token: undefined })
    expect(entities(memory, 'RefreshToken')).toMatchObject([neighbour, { secret: 'RT2', authority: realm }])
    expect(partition.entries).toContainEqual({ type: 'IdToken', key: '', entity: other })
  })

  it('leaves the token of another realm, which another MSAL could not have filed', () => {
    const memory = new Partitions()
    const [one, two] = ['one', 'two'].map((path) => ({ realm: `https://login.microsoftonline.com/${path}` }))
    bring(memory, one, { refresh_token: 'RT1', id_token: undefined })
    bring(memory, two, { refresh_token: 'RT2', id_token: undefined })
    bring(memory, { ...renewal(memory, 'RT1'), ...one }, { refresh_token: 'RT3', id_token: undefined })
    expect(secrets(memory, 'RefreshToken').sort()).toEqual(['RT2', 'RT3'])
  })
})

it('S47 the newest of several counts for what is as new', () => {
  const memory = new Partitions()
  bring(memory, {}, { refresh_token: 'RT1', access_token: 'AT1' })
  const held = renewal(memory, 'RT1')
  const partition = memory.users.get(home)!
  partition.remove(({ type }) => type === 'RefreshToken')
  // Twins that mean the same, as a file that two libraries have written may hold them: one is newer than the access token.
  for (const [secret, time] of [
    ['RT2', now + 100],
    ['RT3', now - 100],
    ['RT4', undefined],
  ] as const)
    partition.load({ type: 'RefreshToken', key: '', entity: { ...held.heldToken, secret, last_modification_time: time && `${time}` } })
  bring(memory, held, { refresh_token: 'RT5', access_token: 'AT5' })
  expect(secrets(memory, 'AccessToken')).toEqual(['AT5'])
  expect(secrets(memory, 'RefreshToken').sort()).toEqual(['RT2', 'RT3', 'RT4'])
})

describe('whose an event is, where it does not say how it came', () => {
  const event = (response: Record<string, unknown>) => readTokenEvent(userEvent({ grantType: undefined }, response) as ClientTokenEvent)

  it("a person's by its id token or its client_info alone, else the application's own", () => {
    const alone = { id_token: undefined, client_info: undefined, refresh_token: undefined }
    expect(event({ client_info: undefined }).owner).toEqual({ user: 'sub-1' })
    expect(event({ ...alone, client_info: clientInfoOf() }).owner).toEqual({ user: home })
    expect(event(alone).owner).toMatchObject({ app: expect.stringContaining(clientId) })
  })

  it('without an id token, of a tenant that is named for many: under that name', () => {
    const common = userEvent({ tokenEndpoint: endpointOf('common') }, { id_token: undefined }) as ClientTokenEvent
    expect(readTokenEvent(common).entities.AccessToken.realm).toBe('common')
    expect(readTokenEvent(userEvent({ tokenEndpoint: endpointOf('common') }) as ClientTokenEvent).entities.AccessToken.realm).toBe(tenant)
  })

  it('a refresh token names the URL of a generic provider, which may have several on one host, and no tenant', () => {
    const url = 'https://login.microsoftonline.com/realm'
    const refreshToken = (changes: Partial<ClientTokenEvent>) =>
      readTokenEvent(userEvent({ ...changes }) as ClientTokenEvent).entities.RefreshToken
    expect(refreshToken({ realm: url })).toMatchObject({ authority: url })
    expect(refreshToken({ authority: url })).not.toHaveProperty('authority')
  })
})
