import { readdir, readFile, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { full, workshop } from './file-support.ts'

const shop = workshop(['file-store'], `import { fileStore } from './file-store.mjs'; import fs from 'node:fs/promises'`)
const user = 'user:uid.utid'
const totalIn = (found: { value: string } | null) =>
  found ? Object.values(JSON.parse(found.value).AccessToken as { total: number }[])[0]!.total : 0
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

test.concurrent('S27 S49 8 processes that count in one file lose nothing, with the lock or with versions alone', {
  timeout: 600_000,
}, async () => {
  const rounds = full ? 100 : 25
  const path = shop.newPath()
  const program = `
    const store = fileStore(parameter.path)
    const own = 'user:own' + parameter.index
    const increment = async (name, written) => {
      const found = await store.read(name)
      const value = valueOf(totalOf(found) + 1).replaceAll('uid.utid', name.slice(5))
      return (await store.write(name, value, { version: found?.version ?? null })) !== 'conflict'
    }
    // None is done before the last has started.
    await new Promise((resolve) => setTimeout(resolve, parameter.begin - Date.now()))
    for (let round = 0; round < parameter.rounds; round++) {
      // Under the lock nobody else writes that partition: there is no conflict.
      if (!(await store.lock(user, () => increment(user)))) throw new Error('a conflict under the lock')
      while (!(await increment('user:shared')));
      if (!(await increment(own))) throw new Error('a conflict without a rival')
    }
    process.disconnect()`
  const begin = Date.now() + 2_000
  const children = await Promise.all(Array.from({ length: 8 }, (_, index) => shop.start(program, { path, index, rounds, begin })))
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual(Array(8).fill(0))
  const store = fileStore(path)
  expect(totalIn(await store.read(user))).toBe(8 * rounds)
  expect(totalIn(await store.read('user:shared'))).toBe(8 * rounds)
  for (let index = 0; index < 8; index++) expect(totalIn(await store.read(`user:own${index}`))).toBe(rounds)
  expect((await readdir(dirname(path))).sort()).toEqual(['cache.json', 'cache.json.locks'])
  expect(await readdir(`${path}.locks`)).toEqual([])
})

test.concurrent('S49 kill -9 at random moments: the file is whole, and never older than the last write that was acknowledged', {
  timeout: 900_000,
}, async () => {
  const kills = full ? 2000 : 200
  const lanes = 4
  const writing = `
    const store = fileStore(parameter)
    for (let total = totalOf(await store.read(user)) + 1; ; total++) {
      await store.write(user, valueOf(total, 'x'.repeat(20000)), {})
      await say(total)
    }`
  // Readers of the bare file, as another program would read it.
  const reading = `
    let reads = 0, torn = 0, backwards = 0, latest = 0
    process.once('message', () => say({ reads, torn, backwards }).then(() => process.exit()))
    for (;;) {
      try {
        const total = Object.values(JSON.parse(await fs.readFile(parameter, 'utf8')).AccessToken)[0].total
        if (total < latest) backwards++
        latest = total
        reads++
      } catch (error) {
        if (error.code !== 'ENOENT') torn++
      }
      await sleep(2)
    }`
  const lane = async () => {
    const path = shop.newPath()
    const reader = await shop.start(reading, path)
    const store = fileStore(path)
    for (let kill = 0; kill < kills / lanes; kill++) {
      const writer = await shop.start(writing, path)
      await writer.next()
      await sleep(Math.random() * 20)
      writer.kill('SIGKILL')
      expect(await writer.ended).toBe('SIGKILL')
      expect(totalIn(await store.read(user))).toBeGreaterThanOrEqual(writer.messages.at(-1) as number)
    }
    reader.send('stop')
    const { reads, torn, backwards } = (await reader.next()) as Record<string, number>
    expect([torn, backwards, reads! > kills / lanes]).toEqual([0, 0, true])
    // Of what the dead left in nobody's way, what is old goes with the next first write.
    const past = new Date(Date.now() - 61_000)
    for (const name of await readdir(dirname(path))) await utimes(join(dirname(path), name), past, past)
    await fileStore(path).remove(user)
    expect(await readdir(dirname(path))).toEqual(['cache.json'])
    expect(JSON.parse(await readFile(path, 'utf8')).AccessToken).toEqual({})
  }
  await Promise.all(Array.from({ length: lanes }, lane))
})

test.concurrent('S49 4 readers in parallel find the file whole, whatever 2 writers do', { timeout: 60_000 }, async () => {
  const path = shop.newPath()
  const store = fileStore(path)
  await store.write(user, JSON.stringify({ AccessToken: { key: { home_account_id: 'uid.utid', total: 0 } } }), {})
  const writing = `
    const store = fileStore(parameter.path)
    const own = 'user:own' + parameter.index
    let stopped = false
    process.once('message', () => { stopped = true })
    let total = 0
    // Sometimes long, sometimes short: a file that is written in place would be torn.
    while (!stopped) {
      await store.write(own, valueOf(++total, 'x'.repeat(total % 2 ? 300000 : 10)).replaceAll('uid.utid', 'own' + parameter.index), {})
    }
    await say({ total })
    process.disconnect()`
  // Two as another program would read it, two by way of the store.
  const reading = `
    const store = fileStore(parameter.path)
    const totals = new Set()
    let torn = 0
    for (let reads = 0; reads < parameter.reads; reads++) {
      try {
        if (parameter.index % 2) totals.add(Object.values(JSON.parse(await fs.readFile(parameter.path, 'utf8')).AccessToken).map(({ total }) => total).join())
        else for (const name of [user, 'user:own0', 'user:own1']) totals.add(name + totalOf(await store.read(name)))
      } catch {
        torn++
      }
      await sleep(2)
    }
    await say({ torn, totals: totals.size })
    process.disconnect()`
  const writers = await Promise.all([0, 1].map((index) => shop.start(writing, { path, index })))
  while (!(await store.read('user:own0')) || !(await store.read('user:own1'))) await sleep(20)
  const reads = full ? 5_000 : 200
  const readers = await Promise.all([0, 1, 2, 3].map((index) => shop.start(reading, { path, index, reads })))
  for (const found of (await Promise.all(readers.map((reader) => reader.next()))) as Record<string, number>[]) {
    expect(found.torn).toBe(0)
    expect(found.totals).toBeGreaterThan(2)
  }
  for (const writer of writers) {
    writer.send('stop')
    expect(((await writer.next()) as { total: number }).total).toBeGreaterThan(2)
  }
  expect((await readdir(dirname(path))).filter((name) => name.includes('broken'))).toEqual([])
})

test.concurrent('S31 a holder that was frozen and taken over does not overwrite what is newer', { timeout: 60_000 }, async () => {
  const path = shop.newPath()
  const store = fileStore(path)
  const first = `
    const store = fileStore(parameter)
    await store.lock(user, async () => {
      const found = await store.read(user)
      await say('held')
      await told()
      await say(await store.write(user, valueOf(1000), { version: found?.version ?? null }))
    })
    process.disconnect()`
  await store.write(user, JSON.stringify({ AccessToken: { key: { home_account_id: 'uid.utid', total: 1 } } }), {})
  const holder = await shop.start(first, path)
  await holder.next()
  holder.kill('SIGSTOP')
  await store.lock!(user, async () => {
    const value = JSON.stringify({ AccessToken: { key: { home_account_id: 'uid.utid', total: 2 } } })
    expect(await store.write(user, value, { version: (await store.read(user))!.version })).not.toBe('conflict')
  })
  holder.kill('SIGCONT')
  holder.send('go on')
  expect(await holder.next()).toBe('conflict')
  expect(await holder.ended).toBe(0)
  expect(totalIn(await store.read(user))).toBe(2)
})

test.concurrent('S31 a process that is frozen while it writes the file does not overwrite what is newer', {
  timeout: 600_000,
}, async () => {
  const path = shop.newPath()
  const store = fileStore(path)
  const writer = await shop.start(
    `
    const store = fileStore(parameter)
    let stopped = false
    process.once('message', () => { stopped = true })
    let total = 0
    for (; !stopped; ) {
      const found = await store.read(user)
      if ((await store.write(user, valueOf(totalOf(found) + 1, 'x'.repeat(200000)), { version: found?.version ?? null })) !== 'conflict') total++
    }
    await say({ total })
    process.disconnect()`,
    path,
  )
  let own = 0
  for (let round = 0; round < (full ? 10 : 2); round++) {
    await sleep(100 + Math.random() * 50)
    writer.kill('SIGSTOP')
    for (;;) {
      const found = await store.read(user)
      const value = JSON.stringify({ AccessToken: { key: { home_account_id: 'uid.utid', total: totalIn(found) + 1 } } })
      if ((await store.write(user, value, { version: found?.version ?? null })) !== 'conflict') break
    }
    own++
    writer.kill('SIGCONT')
  }
  writer.send('stop')
  const { total } = (await writer.next()) as { total: number }
  expect(totalIn(await store.read(user))).toBe(total + own)
})
