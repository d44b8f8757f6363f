import { describe, expect, test, vi } from 'vitest'
import { isAuthError } from '../../src/core/index.ts'
import { createFetch, fileStore, loopback, ManagedIdentityClient } from '../../src/node/index.ts'
import { clientOn, machine, resource, token, variablesFor } from './managed-identity/support.ts'

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

test('S72 a managed identity’s requests reject with errors of ours only, whatever they are given', async () => {
  const rejections = vi.fn()
  process.on('unhandledRejection', rejections)
  const values = [undefined, null, 0, 5, '', 'text', {}, [], () => {}, Symbol('x'), 1n, new Date(0), Number.NaN]
  const names = ['resource', 'claimsChallenge', 'correlationId', 'signal', 'timeout', 'waitUntil', 'extraQueryParameters']
  const requests = names.flatMap((name) =>
    values.flatMap((value) => [value, [value], { x: value }].map((it) => ({ resource, [name]: it }))),
  )
  const fetch = vi.fn(async () => Response.json(token()))
  const client = clientOn(machine(variablesFor.app_service('http://127.0.0.1:9/token')), { fetch })
  const outcomes = new Set<string>()
  for (const request of [{ resource }, ...values, ...requests]) {
    const work = client.acquireTokenForClient(request as never)
    expect(work).toBeInstanceOf(Promise)
    const outcome = await work.then(
      ({ tokenSource }) => tokenSource,
      (error) => {
        if (!isAuthError(error)) throw error
        return error.code
      },
    )
    outcomes.add(outcome)
  }
  process.off('unhandledRejection', rejections)
  expect(rejections).not.toHaveBeenCalled()
  expect([...outcomes].sort()).toEqual(['cache', 'identity_provider', 'invalid_argument'])
})
