import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/core/ports.ts'
import { redisStore } from '../../src/redis/index.ts'
import { type Connection, connections, poll, type RedisServer, startRedis, timeout, withoutRedis } from './redis-support.ts'

describe.skipIf(withoutRedis)('the lock, among processes', () => {
  let server: RedisServer
  let connection: Connection
  let store: CacheStore
  let folder: string
  const file = () => join(folder, 'index.mjs')
  const children = new Set<ChildProcess>()
  beforeAll(async () => {
    server = await startRedis()
    connection = await connections.ioredis!(server)
    store = redisStore(connection.client, { timeout })
    folder = await mkdtemp(join(tmpdir(), 'redis-lock-'))
    await build({
      entryPoints: [fileURLToPath(new URL('../../src/redis/index.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      splitting: true,
      external: ['jose'],
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      logLevel: 'error',
    })
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await connection?.close()
    await server?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => server.raw.flushall())

  const ioredis = () => `import { Redis } from 'ioredis'
    import { fromIoredis, redisStore } from ${JSON.stringify(file())}
    const client = new Redis(${server.port})
    const store = redisStore(fromIoredis(client), { timeout: ${timeout} })
    const close = () => client.disconnect()\n`
  const nodeRedis = () => `import { createClient } from 'redis'
    import { fromNodeRedis, redisStore } from ${JSON.stringify(file())}
    const client = await createClient({ url: 'redis://127.0.0.1:${server.port}' }).connect()
    const store = redisStore(fromNodeRedis(client), { timeout: ${timeout} })
    const close = () => client.destroy()\n`

  function run(program: string) {
    const cwd = fileURLToPath(new URL('../..', import.meta.url))
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(child)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    return { child, said: () => output, exit: once(child, 'close').then(([code]) => code as number | null) }
  }

  test('8 processes with 50 increments each make 400', { timeout: 60_000 }, async () => {
    // Without a version: nothing but the lock protects them. On a busy machine a turn may not come within the time to wait.
    const increments = `
      let left = 50
      const increment = async () => {
        left--
        const found = await store.read('counter')
        await store.write('counter', String(Number(found?.value ?? 0) + 1), {})
      }
      while (left > 0) {
        const before = left
        await store.lock('counter', increment).catch((error) => {
          if (error.code !== 'timed_out' || left < before) throw error
        })
      }
      close()`
    const codes = Array.from({ length: 8 }, (_, number) => run((number % 2 ? ioredis() : nodeRedis()) + increments).exit)
    expect(await Promise.all(codes)).toEqual(Array(8).fill(0))
    expect((await store.read('counter'))?.value).toBe('400')
  })

  test('S31 S50 a holder that was killed is taken over', async () => {
    const { child, said, exit } = run(`${ioredis()}
      await store.lock('user', () => { console.log('held'); return new Promise(() => {}) })`)
    await poll(said).toContain('held')
    child.kill('SIGKILL')
    await exit
    expect(await server.raw.exists('msal-isomorphic:{user}:lock')).toBe(1)
    expect(await store.lock!('user', async () => 'mine')).toBe('mine')
  })

  test('S31 a holder that was frozen and goes on has its write refused and takes nobody’s lock', async () => {
    await store.write('user', 'first', {})
    const { child, said, exit } = run(`${nodeRedis()}
      const written = await store.lock('user', async () => {
        const { version } = await store.read('user')
        console.log('held')
        await new Promise((resolve) => setTimeout(resolve, 1000))
        return await store.write('user', 'late', { version })
      })
      console.log(written)
      close()`)
    await poll(said).toContain('held')
    child.kill('SIGSTOP')
    await store.lock!('user', async () => {
      const owner = await server.raw.get('msal-isomorphic:{user}:lock')
      child.kill('SIGCONT')
      expect(await exit).toBe(0)
      expect(said()).toContain('conflict')
      expect(await server.raw.get('msal-isomorphic:{user}:lock')).toBe(owner)
    })
    expect((await store.read('user'))?.value).toBe('first')
  })
})
