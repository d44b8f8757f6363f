import { describe, expect, it } from 'vitest'
import { isAuthError } from '../../src/core/index.ts'
import { ready, settle } from './matrix/cell.ts'
import type { Endpoint } from './matrix/faulty-provider.ts'
import { type Method, methods, newClient } from './matrix/methods.ts'
import { stage } from './matrix/stage.ts'

const on = stage()

/** A client whose every method is called with a signal. */
const withSignal = <Client extends object>(client: Client, signal: AbortSignal): Client =>
  new Proxy(client, {
    get: (target, name) => (options: object) =>
      (target as Record<string | symbol, (options: object) => unknown>)[name]!({ ...options, signal }),
  })

/** A signal that tells how many listen to it. */
function counted() {
  const controller = new AbortController()
  const { signal } = controller
  const listeners: unknown[] = []
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.push(args[1])
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    if (listeners.includes(args[1])) listeners.splice(listeners.indexOf(args[1]), 1)
    removeEventListener.apply(signal, args)
  }
  return { controller, listeners }
}

/** Calls a method whose caller gives up before it begins, or while an endpoint is being asked. */
async function giveUp(method: Method, endpoint: Endpoint | undefined): Promise<void> {
  const { world, call } = await ready(on.provider, method)
  const { tenant, tokenCache } = world
  const { controller, listeners } = counted()
  const reason = { why: 'navigated away' }
  if (!endpoint) controller.abort(reason)
  else {
    tenant.fault = {
      endpoint,
      play(response) {
        controller.abort(reason)
        setTimeout(() => response.destroy(), 200)
      },
    }
  }
  tenant.hits.length = 0
  const before = tokenCache.serialize()
  const client = withSignal(newClient(world, !!method.confidential, endpoint), controller.signal)
  const settled = await settle(() => call(client))
  const error = 'error' in settled && isAuthError(settled.error) ? settled.error : undefined
  expect(error?.code).toBe('aborted')
  expect(error?.cause).toBe(reason)
  expect(listeners, 'a listener is left').toEqual([])
  expect(tokenCache.serialize()).toBe(before)
  if (!endpoint) expect(tenant.hits).toEqual([])
}

describe('S37 the caller of every method may give up', () => {
  it.each(methods.map((method) => [method.name, method] as const))('%s', async (_, method) => {
    for (const endpoint of [undefined, ...method.endpoints]) {
      await giveUp(method, endpoint).catch((error: Error) => {
        throw new Error(`${endpoint ?? 'before'}: ${error.message}`)
      })
    }
    on.expectQuiet()
  })
})
