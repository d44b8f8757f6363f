import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { acquireFileLock } from '../../src/node/file-lock.ts'
import { deadPid, filesBeside, holderIn, inLockFolder, leave, newPath, system } from './file-lock-support.ts'
import { full, workshop } from './file-support.ts'

inLockFolder()
const shop = workshop(
  ['file-lock', 'file-system'],
  `import { acquireFileLock } from './file-lock.mjs'; import { fileSystem } from './file-system.mjs'; import fs from 'node:fs/promises'`,
)

test('S50 the lock is a file for its owner only, in a folder for its owner only, and nothing is left after it', async () => {
  const path = newPath()
  const lock = await acquireFileLock(system, path)
  expect(await holderIn(path)).toEqual({ token: lock.token, pid: process.pid, machine: system.machine })
  expect([(await stat(path)).mode & 0o777, (await stat(dirname(path))).mode & 0o777]).toEqual([0o600, 0o700])
  expect(await lock.isOwned()).toBe(true)
  await lock.release()
  expect(await filesBeside(path)).toEqual([])
  expect(await lock.isOwned()).toBe(false)
})

test('S50 a second release leaves the next lock alone', async () => {
  const path = newPath()
  const first = await acquireFileLock(system, path)
  await first.release()
  const second = await acquireFileLock(system, path)
  await first.release()
  expect(await holderIn(path)).toMatchObject({ token: second.token })
  expect([await first.isOwned(), await second.isOwned()]).toEqual([false, true])
  await second.release()
})

test('S50 a process that has ended is taken over at once; what it left is removed first, while the lock is still its own', async () => {
  const path = await leave({ token: 'old', pid: deadPid(), machine: system.machine })
  const seen: unknown[] = []
  const started = performance.now()
  const lock = await acquireFileLock(system, path, {
    beforeTakeover: async (token) => {
      seen.push(token, (await holderIn(path)).token, (await filesBeside(path)).includes('cache.json.old.claim'))
    },
  })
  expect(performance.now() - started).toBeLessThan(3000)
  expect(seen).toEqual(['old', 'old', true])
  await lock.release()
  expect(await filesBeside(path)).toEqual([])
})

test('S31 the wait ends with the signal, and the reason is kept', async () => {
  const path = newPath()
  const lock = await acquireFileLock(system, path)
  const controller = new AbortController()
  const waiting = acquireFileLock(system, path, { signal: controller.signal })
  setTimeout(() => controller.abort('reason'), 30)
  await expect(waiting).rejects.toMatchObject({ name: 'NetworkError', code: 'aborted', cause: 'reason' })
  await expect(acquireFileLock(system, newPath(), { signal: AbortSignal.abort('early') })).rejects.toMatchObject({ cause: 'early' })
  await lock.release()
})

test('a lock that cannot be made rejects with the error of the file system, at once', async () => {
  const file = await leave('')
  await expect(acquireFileLock(system, join(file, 'x.lock'))).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOTDIR|EEXIST)$/) })
  const failing = { ...system, fs: { ...system.fs, open: () => Promise.reject(Object.assign(new Error(), { code: 'EROFS' })) } }
  await expect(acquireFileLock(failing, newPath())).rejects.toMatchObject({ code: 'EROFS' })
})

test('a lock whose holder could not be written is not left behind', async () => {
  const path = newPath()
  const open = vi.fn(async (...parameters: Parameters<typeof system.fs.open>) =>
    Object.assign(await system.fs.open(...parameters), { writeFile: () => Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' })) }),
  )
  await expect(acquireFileLock({ ...system, fs: { ...system.fs, open } }, path)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(await filesBeside(path)).toEqual([])
})

describe.concurrent('with time', () => {
  const takeover = async (path: string) => {
    const started = performance.now()
    const lock = await acquireFileLock(system, path)
    await lock.release()
    return performance.now() - started
  }

  test.each([
    ['of another machine', () => ({ token: 'old', pid: deadPid(), machine: 'elsewhere' })],
    ['of this machine whose number another process has now', () => ({ token: 'old', pid: process.pid, machine: system.machine })],
    ['that died before it wrote its name', () => ''],
  ])('S50 a holder %s that shows no life is taken over within seconds, not before', async (_name, content) => {
    const taken = await takeover(await leave(content()))
    expect(taken).toBeGreaterThan(3500)
    expect(taken).toBeLessThan(8000)
  })

  test('S31 a holder that lives is not taken over, and the wait is bounded', async () => {
    const path = newPath()
    const lock = await acquireFileLock(system, path)
    await expect(acquireFileLock(system, path)).rejects.toMatchObject({ name: 'NetworkError', code: 'timed_out', action: 'retry' })
    expect(await lock.isOwned()).toBe(true)
    await lock.release()
  })

  const holding = `
    const lock = await acquireFileLock(await fileSystem('test'), parameter)
    await say('held')
    await told()
    await say(await lock.isOwned())
    await lock.release()
    process.disconnect()`

  test('S50 kill -9 of the holder: the next has it at once', async () => {
    const path = newPath()
    const holder = await shop.start(holding, path)
    await holder.next()
    holder.kill('SIGKILL')
    await holder.ended
    expect(await takeover(path)).toBeLessThan(3000)
  })

  test('S31 a frozen holder is taken over, and finds out when it wakes', async () => {
    const path = newPath()
    const holder = await shop.start(holding, path)
    await holder.next()
    holder.kill('SIGSTOP')
    const lock = await acquireFileLock(system, path)
    holder.kill('SIGCONT')
    holder.send('go on')
    expect(await holder.next()).toBe(false)
    await holder.ended
    expect(await lock.isOwned()).toBe(true)
    await lock.release()
  })

  test('S50 8 processes that count lose nothing', { timeout: 120_000 }, async () => {
    const rounds = full ? 500 : 50
    const path = newPath()
    const counter = `${path}.count`
    await mkdir(dirname(path))
    await writeFile(counter, '0')
    const program = `
      const system = await fileSystem('test')
      for (let round = 0; round < parameter.rounds; ) {
        const lock = await acquireFileLock(system, parameter.path).catch(() => undefined)
        if (!lock) continue
        const count = Number(await fs.readFile(parameter.counter, 'utf8'))
        await fs.writeFile(parameter.counter, String(count + 1))
        await lock.release()
        round++
      }
      process.disconnect()`
    const children = await Promise.all(Array.from({ length: 8 }, () => shop.start(program, { path, counter, rounds })))
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(Array(8).fill(0))
    expect(Number(await readFile(counter, 'utf8'))).toBe(8 * rounds)
  })
})
