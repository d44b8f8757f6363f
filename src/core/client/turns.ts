import type { CachedToken } from '../cache/partition.ts'
import type { Owner, Partitions } from '../cache/partitions.ts'
import { withDeadline } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import { isGood, type Reason } from './cache-first.ts'

/** Milliseconds: a lock, discovery, a token and a write, each at its slowest. */
const longestTurn = 45_000

const turns = /* @__PURE__ */ new WeakMap<Partitions, Map<string, Promise<unknown>>>()

/** Runs a task once those before it for the same owner have ended and, over a store, while no other process runs one, on what is stored then. */
export function inTurn<T>(memory: Partitions, owner: Owner, task: () => Promise<T>): Promise<T> {
  const queue = turns.get(memory) ?? new Map<string, Promise<unknown>>()
  turns.set(memory, queue)
  const { level } = memory
  const id = JSON.stringify(owner)
  const turn = ended(queue.get(id)).then(async () => {
    if (!level) return task()
    const { exclusively } = await loaded(import('../cache/store-level.ts'))
    return exclusively(memory, level, owner, task)
  })
  const end = turn
    .catch(() => {})
    .then(() => {
      if (queue.get(id) === end) queue.delete(id)
    })
  queue.set(id, end)
  return turn
}

/** A turn that does not end, since its runtime has ended the request that had it, holds nobody up for ever. */
const ended = async (turn: Promise<unknown> | undefined) => {
  if (!turn) return
  await withDeadline({ timeout: longestTurn }, () => turn).catch(() => {})
}

/** What whoever had the turn before has left, where a cached token will do. */
export function leftBehind(reason: Reason, lookUp: () => CachedToken | undefined): CachedToken | undefined {
  const token = reason === 2 || reason === 3 || reason === 4 ? lookUp() : undefined
  const isStale = reason === 4 && (token?.refreshOn ?? Number.POSITIVE_INFINITY) * 1000 <= Date.now()
  return token && isGood(token) && !isStale ? token : undefined
}
