import { describe, expect, it, vi } from 'vitest'
import { bounded } from '../../../src/core/util/deadline.ts'
import { onAbort } from '../../../src/core/util/on-abort.ts'

function observed() {
  const aborter = new AbortController()
  const added = vi.spyOn(aborter.signal, 'addEventListener')
  const removed = vi.spyOn(aborter.signal, 'removeEventListener')
  return { aborter, signal: aborter.signal, added, removed }
}

describe('S37 who waits for one signal', () => {
  it('shares one listener, which goes with the last of them and comes again with the next', () => {
    const { signal, added, removed } = observed()
    for (let round = 1; round <= 3; round++) {
      const [one, two] = [onAbort(signal, () => {}), onAbort(signal, () => {})]
      expect(added).toHaveBeenCalledTimes(round)
      one()
      one()
      expect(removed).toHaveBeenCalledTimes(round - 1)
      two()
      expect(removed).toHaveBeenCalledTimes(round)
    }
    expect(removed.mock.calls).toEqual(added.mock.calls)
  })

  it('is called, but for those that have gone, and for their own signal', () => {
    const [first, second] = [observed(), observed()]
    const calls: string[] = []
    const forget = onAbort(first.signal, () => calls.push('gone'))
    onAbort(first.signal, () => calls.push('one'))
    onAbort(first.signal, () => calls.push('two'))
    onAbort(second.signal, () => calls.push('other'))
    forget()
    first.aborter.abort()
    expect(calls).toEqual(['one', 'two'])
  })

  it('rejects with its own correlation id, each as soon as the signal is aborted', async () => {
    const { aborter, signal, added, removed } = observed()
    const hang = () => new Promise<never>(() => {})
    const waits = ['a', 'b', 'c'].map((correlationId) => bounded({ timeout: 10_000, signal, correlationId }, hang))
    expect(await bounded({ timeout: 10_000, signal }, () => 'done')).toBe('done')
    aborter.abort('why')
    const outcomes = await Promise.allSettled(waits)
    expect(outcomes).toMatchObject(['a', 'b', 'c'].map((correlationId) => ({ reason: { code: 'aborted', cause: 'why', correlationId } })))
    expect(added).toHaveBeenCalledTimes(1)
    expect(removed).toHaveBeenCalledTimes(1)
  })
})
