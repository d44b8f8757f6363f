import { NetworkError } from '../core/index.ts'
import type { Keys } from './keys.ts'
import { aborted, bounded, integer, type RedisScripting, send } from './operation.ts'
import { acquireScript, releaseScript, renewScript } from './scripts.ts'

/** Milliseconds. */
export interface LockTimes {
  /** How long one operation may take. */
  operation: number
  /** How soon the lock of a holder that died is free. */
  lease: number
  /** How long a task may have it. Less than `wait`: whoever waits for a task that never ends gets its turn. */
  hold: number
  /** How long somebody waits for it. */
  wait: number
}

export const lockTimes = { lease: 3000, hold: 8000, wait: 10_000 }

/** A holder that has been frozen for longer is not expected to come back. */
const fenceLife = 24 * 3600_000
const maxPause = 200

/** Runs a task while it holds the partition's lock. A holder that loses it is not told: its writes are refused (see `acquireScript`). */
export async function withLock<T>(
  client: RedisScripting,
  keys: Keys,
  times: LockTimes,
  task: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const owner = crypto.randomUUID()
  await acquire(client, keys, owner, times, signal)
  const stop = keepRenewing(client, keys, owner, times)
  try {
    return await task()
  } finally {
    stop()
    // What cannot be released runs out by itself.
    await bounded(release(client, keys, owner, times), times.operation).catch(() => {})
  }
}

async function acquire(client: RedisScripting, keys: Keys, owner: string, times: LockTimes, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + times.wait
  for (let pause = 10; ; pause = Math.min(pause * 2, maxPause)) {
    if (signal?.aborted) throw aborted(signal)
    const args = [owner, String(times.lease), String(fenceLife)]
    const attempt = send(times.operation, () => client.eval(acquireScript, [keys.value, keys.lock, keys.fence], args)).then(integer)
    try {
      if ((await bounded(attempt, times.operation, signal)) > 0) return
    } catch (error) {
      // It may come late, to a holder that has left.
      attempt.then((fence) => (fence > 0 ? release(client, keys, owner, times) : undefined)).catch(() => {})
      throw error
    }
    // Random, so that those who wait do not come all at once.
    const time = 1 + Math.random() * pause
    if (performance.now() + time > end) throw new NetworkError('timed_out', `The lock was not free within ${times.wait} ms.`)
    await bounded(new Promise((resolve) => setTimeout(resolve, time)), times.wait, signal)
  }
}

function release(client: RedisScripting, keys: Keys, owner: string, { operation }: LockTimes): Promise<unknown> {
  return send(operation, () => client.eval(releaseScript, [keys.lock, keys.fence], [owner]))
}

/** Renews the lease until it is stopped, lost, or as old as a task may be. */
function keepRenewing(client: RedisScripting, keys: Keys, owner: string, times: LockTimes): () => void {
  const end = performance.now() + times.hold
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const renew = async () => {
    const lease = Math.floor(Math.min(times.lease, end - performance.now()))
    if (lease <= 0) return
    const renewal = send(0, () => client.eval(renewScript, [keys.lock, keys.fence], [owner, String(lease)])).then(integer)
    // A renewal that fails is tried again: the lease outlives two of them.
    const held = await bounded(renewal, times.operation).catch(() => 1)
    if (held && !stopped) schedule()
  }
  const schedule = () => {
    timer = setTimeout(renew, times.lease / 3)
  }
  schedule()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
