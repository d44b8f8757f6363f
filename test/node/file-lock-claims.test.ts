import { utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { acquireFileLock, removeOldClaims } from '../../src/node/file-lock.ts'
import { deadPid, filesBeside, holderIn, inLockFolder, leave, newPath, sleep, system } from './file-lock-support.ts'

inLockFolder()

test("S50 a lock that is claimed is its owner's no longer", async () => {
  const path = newPath()
  const lock = await acquireFileLock(system, path)
  await writeFile(`${path}.${lock.token}.claim`, '')
  expect(await lock.isOwned()).toBe(false)
  await lock.release()
  expect(await holderIn(path)).toMatchObject({ token: lock.token })
})

test('S50 a claim that died before it had a name is given up in the end', async () => {
  const path = await leave({ token: 'old', pid: deadPid(), machine: system.machine })
  const claim = `${path}.old.claim`
  await writeFile(claim, '')
  await expect(acquireFileLock(system, path, { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ code: 'aborted' })
  const past = new Date(Date.now() - 60_000)
  await utimes(claim, past, past)
  await (await acquireFileLock(system, path)).release()
})

test('S50 a claim whose maker has ended is given up at once, for however many wait', async () => {
  const dead = { pid: deadPid(), machine: system.machine }
  for (let round = 0; round < 10; round++) {
    const path = await leave({ token: 'old', ...dead })
    await writeFile(`${path}.old.claim`, JSON.stringify({ token: 'claim', ...dead }))
    let running = 0
    let most = 0
    const started = performance.now()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const lock = await acquireFileLock(system, path)
        most = Math.max(most, ++running)
        await sleep(1)
        expect(await lock.isOwned()).toBe(true)
        running--
        await lock.release()
      }),
    )
    expect([most, await filesBeside(path)]).toEqual([1, []])
    expect(performance.now() - started).toBeLessThan(3000)
  }
})

test('S50 a claim that is made anew while a dead one is being given up stays', async () => {
  const dead = { pid: deadPid(), machine: system.machine }
  const path = await leave({ token: 'old', ...dead })
  const claim = `${path}.old.claim`
  let reads = 0
  const readFile = async (name: string) => {
    if (name !== claim || reads++ > 0) return await system.fs.readFile(name, 'utf8')
    await writeFile(claim, JSON.stringify({ token: 'another', pid: process.pid, machine: system.machine }))
    return JSON.stringify({ token: 'claim', ...dead })
  }
  await writeFile(claim, '')
  const watched = { ...system, fs: { ...system.fs, readFile: readFile as typeof system.fs.readFile } }
  await expect(acquireFileLock(watched, path, { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ code: 'aborted' })
  expect([(await holderIn(claim)).token, (await holderIn(path)).token]).toEqual(['another', 'old'])
})

test('a release under a dead claim gives the lock back', async () => {
  const path = newPath()
  const lock = await acquireFileLock(system, path)
  await writeFile(`${path}.${lock.token}.claim`, JSON.stringify({ token: 'claim', pid: deadPid(), machine: system.machine }))
  await lock.release()
  expect(await filesBeside(path)).toEqual([])
})

test('S50 many who see one dead holder take over one after the other', async () => {
  const pid = deadPid()
  for (let round = 0; round < 25; round++) {
    const path = await leave({ token: 'old', pid, machine: system.machine })
    let running = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const lock = await acquireFileLock(system, path)
        most = Math.max(most, ++running)
        await sleep(1)
        expect(await lock.isOwned()).toBe(true)
        running--
        await lock.release()
      }),
    )
    expect([most, await filesBeside(path)]).toEqual([1, []])
  }
})

test('claims that have been left go when they are old, and nothing else does', async () => {
  const path = await leave('')
  const names = ['.lock.a.claim', '.lock.b.claim.c.claim', '.lock', '.lock.a.tmp', 'x.claim', '.lock.young.claim']
  const past = new Date(Date.now() - 61_000)
  for (const name of names) {
    await writeFile(`${path}${name}`, '')
    if (!name.includes('young')) await utimes(`${path}${name}`, past, past)
  }
  await removeOldClaims(system, dirname(path), 'cache.json.lock.')
  const left = ['', '.lock', '.lock.a.tmp', '.lock.young.claim', 'x.claim']
  expect((await filesBeside(path)).sort()).toEqual(left.map((name) => `cache.json${name}`))
  await removeOldClaims(system, `${path}.absent`, '')
})
