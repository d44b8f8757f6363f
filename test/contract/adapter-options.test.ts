import { describe, expect, it } from 'vitest'
import { toAuthenticationProvider, toTokenCredential } from '../../src/azure/index.ts'
import { accounts, completeRedirect, indexedDbStore, silentFrame } from '../../src/browser/index.ts'
import {
  ConfidentialClientApplication,
  encrypted,
  PublicClientApplication,
  SerializableTokenCache,
  TokenCache,
} from '../../src/core/index.ts'
import { challenge, kvStore, sessionCookie, withCookies } from '../../src/edge/index.ts'
import { createFetch, fileStore, loopback } from '../../src/node/index.ts'
import { fromIoredis, fromNodeRedis, fromUpstash, redisStore } from '../../src/redis/index.ts'

const values: Record<string, unknown[]> = {
  string: ['x y', '5'],
  number: [5, -1, Number.NaN],
  boolean: [true, false],
  function: [() => {}],
  object: [{}, Object.create(null)],
  array: [[], [1]],
  symbol: [Symbol('s')],
  bigint: [10n],
  null: [null],
}
const wrong = (...right: string[]) => Object.entries(values).flatMap(([type, all]) => (right.includes(type) ? [] : all))

const client = { clientId: 'client', authority: 'https://login.microsoftonline.com/contoso.example' }
const server = new ConfidentialClientApplication({ ...client, clientCredential: 'secret' })
const page = new PublicClientApplication(client)
const redis = { eval: async () => null }
const kv = { get: async () => null, put: async () => {}, delete: async () => {}, list: async () => ({ keys: [], list_complete: true }) }
const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
const person = { homeAccountId: 'o.t', tenantId: 't' }

/** What takes a value, and the values that it refuses. */
const takers: Record<string, [(value: never) => unknown, unknown[]]> = {
  'silentFrame timeout': [(timeout) => silentFrame({ timeout }), [...wrong('number'), 0, -1, Number.NaN]],
  indexedDbStore: [indexedDbStore, wrong('object')],
  'indexedDbStore name': [(name) => indexedDbStore({ name }), wrong('string')],
  accounts: [accounts, wrong()],
  completeRedirect: [completeRedirect, wrong()],
  'loopback openBrowser': [(openBrowser) => loopback({ openBrowser }), wrong('function')],
  'loopback successTemplate': [(successTemplate) => loopback({ successTemplate }), wrong('string')],
  'loopback port': [(port) => loopback({ port }), [...wrong('number'), -1, Number.NaN, 65_536]],
  // Nothing may be written without the encryption that somebody meant to have.
  'fileStore cipher': [(cipher) => fileStore('tokens.json', { cipher }), wrong()],
  'createFetch ca': [(ca) => createFetch({ ca }), wrong()],
  'createFetch verify': [(verify) => createFetch({ verify }), [...wrong('boolean', 'string', 'object')]],
  redisStore: [(options) => redisStore(redis, options), wrong('object')],
  'redisStore client': [redisStore, wrong()],
  'redisStore timeout': [(timeout) => redisStore(redis, { timeout }), [...wrong('number'), -1, Number.NaN]],
  fromNodeRedis: [fromNodeRedis, wrong()],
  fromIoredis: [fromIoredis, wrong()],
  fromUpstash: [fromUpstash, wrong()],
  kvStore: [(options) => kvStore(kv as never, options), wrong('object')],
  'kvStore prefix': [(prefix) => kvStore(kv as never, { prefix }), wrong('string')],
  sessionCookie: [(options) => sessionCookie(person, key, options), wrong('object')],
  'sessionCookie maxAge': [(maxAge) => sessionCookie(person, key, { maxAge }), [...wrong('number'), -1, Number.NaN]],
  'sessionCookie signedInAt': [(signedInAt) => sessionCookie({ ...person, signedInAt }, key), [...wrong('number'), Number.NaN]],
  withCookies: [(cookies) => withCookies(new Response(), cookies), wrong('array')],
  'withCookies response': [(response) => withCookies(response, []), wrong()],
  'challenge authority': [(authority) => challenge({ authority }), wrong('string', 'null')],
  toTokenCredential: [(options) => toTokenCredential(server, options), wrong('object')],
  'toTokenCredential userAssertion': [(userAssertion) => toTokenCredential(server, { userAssertion }), wrong('string')],
  'toTokenCredential account': [(account) => toTokenCredential(page, { account }), wrong()],
  toAuthenticationProvider: [(options) => toAuthenticationProvider(server, options), wrong('object')],
  'toAuthenticationProvider scopes': [(scopes) => toAuthenticationProvider(server, { scopes }), wrong('array')],
  encrypted: [(store) => encrypted(store, key), wrong()],
  'find type': [(type) => new TokenCache().find(type), wrong('string')],
  'find query': [(query) => new TokenCache().find('Account', query), wrong('object')],
  'find target': [(target) => new TokenCache().find('Account', { target }), wrong('array', 'null')],
}

describe('S72 of another type is invalid_argument', () => {
  it.each(Object.entries(takers))('%s', async (_, [take, all]) => {
    for (const value of all) {
      const outcome = await (async () => take(value as never))().then(
        () => 'taken',
        (error) => error,
      )
      expect([typeof value, outcome]).toEqual([
        typeof value,
        expect.objectContaining({ name: 'ClientConfigurationError', code: 'invalid_argument' }),
      ])
    }
  })

  it('a serialized cache that is none is cache_invalid', () => {
    for (const state of wrong('null')) {
      expect(() => new SerializableTokenCache().deserialize(state as never)).toThrow(expect.objectContaining({ code: 'cache_invalid' }))
    }
    for (const state of [undefined, null, '']) expect(() => new SerializableTokenCache().deserialize(state)).not.toThrow()
  })
})
