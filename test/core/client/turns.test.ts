import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Partitions } from '../../../src/core/cache/partitions.ts'
import { inTurn } from '../../../src/core/client/turns.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const owner = { user: 'somebody' }

it('turns of one owner come one after the other, those of others at once, whatever becomes of them', async () => {
  const memory = new Partitions()
  const done: string[] = []
  const turn = (name: string, time: number, who = owner) =>
    inTurn(memory, who, async () => {
      await new Promise((resolve) => setTimeout(resolve, time))
      done.push(name)
      if (name === 'fails') throw new Error(name)
    })
  const all = Promise.allSettled([turn('fails', 30), turn('second', 10), turn('other', 20, { user: 'another' })])
  await vi.advanceTimersByTimeAsync(40)
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(done).toEqual(['other', 'fails', 'second'])
  expect(vi.getTimerCount()).toBe(0)
})

it('S31 S73 a turn that its runtime has ended with a request holds the next one up for 45 s', async () => {
  const memory = new Partitions()
  inTurn(memory, owner, () => new Promise(() => {}))
  const task = vi.fn(async () => 'mine')
  const next = inTurn(memory, owner, task)
  await vi.advanceTimersByTimeAsync(44_000)
  expect(task).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1000)
  expect(await next).toBe('mine')
})
