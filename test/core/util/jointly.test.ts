import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { NetworkError } from '../../../src/core/errors.ts'
import { type Joint, jointly } from '../../../src/core/util/jointly.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const after = (ms: number, error?: unknown) =>
  vi.fn(() => new Promise<void>((resolve, reject) => setTimeout(() => (error ? reject(error) : resolve()), ms)))
const settle = async (ms = 10_000) => vi.advanceTimersByTimeAsync(ms)

it('does it once for all who come while it is under way, and again for those who come later', async () => {
  const joint: Joint = {}
  const task = after(100)
  const all = Promise.all(Array.from({ length: 50 }, () => jointly(joint, task)))
  await settle(120)
  await all
  expect(task).toHaveBeenCalledTimes(1)
  const later = jointly(joint, task)
  await settle(120)
  await later
  expect(task).toHaveBeenCalledTimes(2)
  expect(vi.getTimerCount()).toBe(0)
})

it('tells its failure to all who wait, and the next begins anew', async () => {
  const joint: Joint = {}
  const failure = new NetworkError('unreachable', 'no answer')
  const task = after(100, failure)
  const all = Promise.allSettled([jointly(joint, task), jointly(joint, task), jointly(joint, task)])
  await settle()
  expect(await all).toEqual(Array(3).fill({ status: 'rejected', reason: failure }))
  expect(task).toHaveBeenCalledTimes(1)
  const good = jointly(joint, after(1))
  await settle()
  await good
})

it('one who gives up leaves it to the next, who does it for the others', async () => {
  const joint: Joint = {}
  const first = jointly(joint, after(100, new NetworkError('aborted', 'given up'))).catch((error) => error.code)
  const task = after(100)
  const others = Promise.all([jointly(joint, task), jointly(joint, task), jointly(joint, task)])
  await settle()
  expect(await first).toBe('aborted')
  await others
  expect(task).toHaveBeenCalledTimes(1)
})

it('where it never ends, one of those who wait takes over after a second, for all', async () => {
  const joint: Joint = {}
  void jointly(joint, () => new Promise(() => {}))
  const task = after(100)
  const others = Promise.all([jointly(joint, task), jointly(joint, task), jointly(joint, task)])
  await settle(990)
  expect(task).not.toHaveBeenCalled()
  await settle(200)
  await others
  expect(task).toHaveBeenCalledTimes(1)
  void jointly(joint, () => new Promise(() => {}))
  await settle(60_000)
  const late = jointly(joint, task)
  await settle(120)
  await late
  expect(task).toHaveBeenCalledTimes(2)
})

it('a clock that is set back makes nobody wait longer', async () => {
  const joint: Joint = {}
  void jointly(joint, () => new Promise(() => {}))
  vi.setSystemTime(Date.now() - 3600_000)
  const task = after(1)
  const work = jointly(joint, task)
  await settle(1200)
  await work
  expect(task).toHaveBeenCalledTimes(1)
})
