import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../../playground/worker/hosts/bundle.mjs'
import { startWorker } from '../../playground/worker/start.mjs'
import { emptyFolder, root } from '../package/support.ts'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { environmentOf, type Profile, Visitor } from './worker-support.ts'

// A thousand requests of fifty people at once, whose tokens have all expired. They come in by HTTP; one isolate answers.
const people = 50
const requests = 1000
const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

interface Host {
  origin: string
  /** Bytes in use. */
  memory(): Promise<number>
  close(): Promise<void>
}

const folder = fileURLToPath(new URL('../../playground/worker', import.meta.url))
const wrapped = `
import worker from './worker.js'
const rejections = []
addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)))
export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/rejections') return Response.json(rejections)
    if (pathname === '/reject') return Response.json(void Promise.reject(new Error('on purpose')) ?? null)
    return worker.fetch(request, env, context)
  },
}`

let playground: Playground
const cleanups: (() => unknown)[] = []

const hosts: Record<string, () => Promise<Host>> = {
  async workerd() {
    const before = workerdProcesses()
    const contents = await bundle({
      entryPoints: [],
      stdin: { contents: wrapped, resolveDir: folder },
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
    })
    const worker = await startWorker(environmentOf(playground), { contents })
    const [pid = ''] = workerdProcesses().filter((pid) => !before.includes(pid))
    return { origin: worker.url, memory: async () => residentBytes(pid), close: () => worker.close() }
  },
  async 'Node.js'() {
    const place = await emptyFolder((clean) => cleanups.push(clean))
    const file = join(place, 'environment.json')
    await writeFile(file, JSON.stringify(environmentOf(playground)))
    const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env } = process.env
    const child = spawn(process.execPath, ['--expose-gc', 'test/e2e/worker-heap.mjs', file], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const origin = String((await once(child.stdout, 'data'))[0]).trim()
    return {
      origin,
      memory: async () => (await (await fetch(`${origin}/heap`)).json()) as number,
      async close() {
        child.kill()
        await once(child, 'close')
      },
    }
  },
}

/** The children of this process that are workerd. */
function workerdProcesses(): string[] {
  const tasks = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return tasks.filter((pid) => {
    try {
      const [, name, parent] = /^\d+ \((.*)\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      return parent === String(process.pid) && name === 'workerd'
    } catch {
      return false
    }
  })
}

const residentBytes = (pid: string) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

/** Fifty people more in the directory. */
function hire(): string[] {
  return Array.from({ length: people }, (_, index) => {
    const id = `10ad0000-0000-4000-8000-${String(index).padStart(12, '0')}`
    const { homeTenantId } = users.bob
    const homeAccountId = `${id}.${homeTenantId}`
    const subject = createHash('sha256').update(homeAccountId).digest('base64url')
    const objectIds = { [homeTenantId]: id }
    const username = `load${index}@contoso.example`
    Object.assign(users, { [username]: { ...users.bob, name: `Load ${index}`, username, objectIds, homeAccountId, subject } })
    return username
  })
}

beforeAll(async () => {
  playground = await startPlayground({ https: false })
})
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean()
  await playground?.close()
})

describe.each(Object.keys(hosts))('S78: a thousand requests of fifty people at once, in %s', (name) => {
  test('one token request a person, nobody’s answer to somebody else, and no memory lost', { timeout: 90_000 }, async () => {
    const { settings } = playground.provider
    settings.accessTokenSeconds = 60
    const host = await hosts[name]!()
    cleanups.push(() => host.close())
    const visitors = hire().map((username) => ({ username, visitor: new Visitor(host.origin) }))
    cleanups.push(() => Promise.all(visitors.map(({ visitor }) => visitor.close())))
    for (let next = 0; next < people; next += 10)
      await Promise.all(
        visitors.slice(next, next + 10).map(({ username, visitor }) => visitor.signIn({ username, password: users.bob.password })),
      )

    // A connection for each request, as from as many browsers.
    const dispatcher = new Agent({ pipelining: 0 })
    cleanups.push(() => dispatcher.close())
    const timings: number[] = []
    const flood = async () => {
      const start = performance.now()
      const answers = await Promise.all(
        Array.from({ length: requests }, async (_, index) => {
          const { username, visitor } = visitors[(index * 7) % people]!
          const cookie = `__Host-session=${visitor.jar.get('__Host-session')}`
          const response = await fetch(`${host.origin}/my/profile`, { headers: { cookie }, dispatcher })
          const { user, profile } = (await response.json()) as Profile
          return { username, status: response.status, seen: [user, profile?.userPrincipalName] }
        }),
      )
      timings.push(Math.round(performance.now() - start))
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      expect(answers.filter(({ username, seen }) => seen.some((name) => name !== username))).toEqual([])
    }
    const sent = (grantType: string, from: number) => playground.provider.tokenRequests(grantType).slice(from)
    const counts = () => ['refresh_token', onBehalfOf].map((grantType) => playground.provider.tokenRequests(grantType).length)

    // All tokens have expired.
    settings.accessTokenSeconds = 3600
    const [refreshes = 0, exchanges = 0] = counts()
    await flood()
    const refreshed = sent('refresh_token', refreshes)
    expect(refreshed.map(({ status }) => status)).toEqual(Array(people).fill(200))
    expect(new Set(refreshed.map(({ parameters }) => parameters.refresh_token)).size).toBe(people)
    const exchanged = sent(onBehalfOf, exchanges)
    expect(exchanged.map(({ status }) => status)).toEqual(Array(people).fill(200))
    expect(new Set(exchanged.map(({ parameters }) => parameters.assertion)).size).toBe(people)

    // None has.
    const before = counts()
    const memory: number[] = []
    for (let round = 0; round < 5; round++) {
      await flood()
      memory.push(Math.round((await host.memory()) / 1024))
    }
    expect(counts()).toEqual(before)
    console.log(name, { timings, memory })
    expect(memory.at(-1)! - memory[1]!).toBeLessThan(8 * 1024)

    const rejections = async () => (await (await fetch(`${host.origin}/rejections`)).json()) as string[]
    expect(await rejections()).toEqual([])
    // It would have been seen.
    await fetch(`${host.origin}/reject`)
    expect(await rejections()).toEqual(['Error: on purpose'])
  })
})
