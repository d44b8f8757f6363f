import { describe, expect, test } from 'vitest'
import { createFetch, fileStore, loopback, ManagedIdentityClient } from '../../src/node/index.ts'

const invalid = expect.objectContaining({ name: 'ClientConfigurationError', code: 'invalid_argument' })
const takers: Record<string, (options?: never) => unknown> = {
  loopback,
  createFetch,
  fileStore: (options) => fileStore('tokens.json', options),
  ManagedIdentityClient: (options) => new ManagedIdentityClient(options),
}

describe.each(Object.entries(takers))('S72 %s', (_, take) => {
  // What a text was meant to say, such as a proxy or an identity, would be passed over in silence.
  test.each([null, 0, 5, '', 'http://proxy.example', true, [], () => {}, Symbol('x')])('refuses %o as its options', (options) => {
    expect(() => take(options as never)).toThrow(invalid)
  })

  test('needs none', () => {
    expect(take()).toBeDefined()
    expect(take({} as never)).toBeDefined()
  })
})

test.each([5, true, ['http://proxy.example'], Symbol('x'), { no_proxy: 5 }, { https: {} }, { https: Symbol('x') }])(
  'S72 createFetch refuses %o as proxy',
  (proxy) => {
    expect(() => createFetch({ proxy: proxy as never })).toThrow(invalid)
  },
)

test('a no_proxy that is not set, as an environment variable may be, excepts nothing', () => {
  expect(createFetch({ proxy: { https: 'http://proxy.example', no_proxy: undefined as never } })).toBeTypeOf('function')
})
