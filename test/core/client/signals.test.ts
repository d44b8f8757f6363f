import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codeOf, scopes, signedIn } from './support.ts'

/** A signal that lives long, with those who listen to it now, and how often somebody began to. */
function observed() {
  const aborter = new AbortController()
  const { signal } = aborter
  const listeners = new Set<unknown>()
  let begun = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...[type, listener, options]: Parameters<typeof add>) => {
    begun++
    listeners.add(listener)
    add(type, listener, options)
  }
  signal.removeEventListener = (...[type, listener, options]: Parameters<typeof remove>) => {
    listeners.delete(listener)
    remove(type, listener, options)
  }
  return { aborter, signal, listeners, begun: () => begun }
}

describe('S37 one signal for many calls', () => {
  const warned = vi.fn()
  beforeEach(() => void process.on('warning', warned))
  afterEach(async () => {
    // A warning comes a little later.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  it('10 000 that the cache answers leave no listener', async () => {
    const { app, account, provider } = await signedIn()
    const { signal, listeners } = observed()
    for (let call = 0; call < 9_000; call++) {
      expect((await app.acquireTokenSilent({ scopes, account, signal }))!.tokenSource).toBe('cache')
    }
    await Promise.all(Array.from({ length: 1_000 }, () => app.acquireTokenSilent({ scopes, account, signal })))
    expect(provider.requests).toEqual([])
    expect(listeners.size).toBe(0)
  })

  it('300 refreshes at once leave none, nor do those that are aborted on their way', async () => {
    const { app, account, provider } = await signedIn()
    const { aborter, signal, listeners, begun } = observed()
    const ask = (scope: string) => app.acquireTokenSilentWithError({ scopes: [scope], account, signal, forceRefresh: true })
    // A hundred of its own each, and two hundred who share one.
    const all = (round: string) =>
      Array.from({ length: 300 }, (_, index) => ask(index < 100 ? `Scope.${index}.${round}` : `Scope.shared.${round}`))
    for (const result of await Promise.all(all('good'))) expect(result).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.count()).toBe(101)
    expect(begun()).toBeGreaterThan(0)
    expect(listeners.size).toBe(0)

    const gate = provider.hold()
    const calls = all('aborted').map(codeOf)
    await gate.arrived()
    expect(listeners.size).toBe(1)
    aborter.abort()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['aborted']))
    expect(listeners.size).toBe(0)
    gate.open()
    await app.close()
  })
})

describe('a signal that is none', () => {
  it.each([0, '', false, 'text', {}])('is a wrong argument: %j', async (signal) => {
    const { app, account } = await signedIn()
    const call = app.acquireTokenSilentWithError({ scopes: ['Other'], account, signal: signal as never })
    expect(await codeOf(call)).toBe('invalid_argument')
  })

  it('may be null', async () => {
    const { app, account } = await signedIn()
    const result = await app.acquireTokenSilent({ scopes: ['Other'], account, signal: null as never })
    expect(result).toMatchObject({ tokenSource: 'identity_provider' })
  })
})
