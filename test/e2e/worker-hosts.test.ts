import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyFolder, root } from '../package/support.ts'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { environmentOf, Visitor } from './worker-support.ts'

// The files of the Worker as they are, in runtimes that are not Cloudflare's; Vercel's edge VM gets a bundle of them.
const program = (name: string) => join(root, 'node_modules/.bin', name)
const hosts: Record<string, { command: string; options: string[] }> = {
  node: { command: process.execPath, options: [] },
  deno: { command: program('deno'), options: ['run', '--no-prompt', '--allow-net=localhost,127.0.0.1', '--allow-read'] },
  bun: { command: program('bun'), options: ['run'] },
  'edge-vm': { command: process.execPath, options: [] },
}

const cleanups: (() => unknown)[] = []
let playground: Playground
let folder: string
beforeAll(async () => {
  playground = await startPlayground({ https: false })
  folder = await emptyFolder((clean) => cleanups.push(clean))
  await writeFile(join(folder, 'environment.json'), JSON.stringify(environmentOf(playground)))
})
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean()
  await playground?.close()
})

/** Starts a host; it says where it is, and nothing else while all goes well. */
async function start(name: string): Promise<{ origin: string; output(): string }> {
  const { command, options } = hosts[name]!
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env } = process.env
  const child = spawn(command, [...options, `playground/worker/hosts/${name}.mjs`, join(folder, 'environment.json')], {
    cwd: root,
    env: { ...env, DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(folder, 'deno') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  cleanups.push(async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'close')
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (output += chunk))
  const ended = once(child, 'close').then(() => Promise.reject(new Error(output)))
  const origin = await Promise.race([ended, (async () => String((await once(child.stdout, 'data'))[0]).trim())()])
  ended.catch(() => {})
  return { origin, output: () => output.replace(origin, '').trim() }
}

describe.each(Object.keys(hosts))('the Worker in %s', (name) => {
  const missing = lacks(name, existsSync(hosts[name]!.command))

  test.skipIf(missing)('signs a person in, calls an API on their behalf, and signs them out', { timeout: 60_000 }, async () => {
    const { origin, output } = await start(name)
    const visitor = new Visitor(origin)
    cleanups.push(() => visitor.close())

    const asked = await visitor.open('/profile?tab=1')
    expect(asked.headers.get('location')).toBe(`${origin}/sign-in?returnTo=%2Fprofile%3Ftab%3D1`)
    expect(await visitor.signIn(users.alice, '/profile?tab=1')).toBe(`${origin}/profile?tab=1`)
    expect([...visitor.jar.keys()]).toEqual(['__Host-session'])
    expect(await (await visitor.open('/profile?tab=1')).text()).toContain(users.alice.username)

    const { clients } = playground.provider
    const profile = { userPrincipalName: users.alice.username, calledBy: clients.api.clientId }
    expect(await visitor.profile()).toMatchObject({ status: 200, user: users.alice.username, profile, tokenSource: 'identity_provider' })
    const before = playground.provider.tokenRequests().length
    expect(await visitor.profile()).toMatchObject({ profile, tokenSource: 'cache', apiTokenSource: 'cache' })
    expect(playground.provider.tokenRequests().length - before).toBe(0)

    const kept = new Map(visitor.jar)
    expect(await visitor.signOut()).toBe(`${origin}/`)
    expect(visitor.jar.size).toBe(0)
    visitor.jar = kept
    expect((await visitor.profile()).status).toBe(401)
    visitor.expectDiscreet()
    expect(output()).toBe('')
  })

  test.skipIf(missing)('S76: answers what makes no sense with a 4xx', { timeout: 60_000 }, async () => {
    const { origin, output } = await start(name)
    const visitor = new Visitor(origin)
    cleanups.push(() => visitor.close())
    const statusOf = async (path: string, init?: RequestInit) => (await visitor.open(path, init)).status
    expect(await statusOf('/callback')).toBe(400)
    expect(await statusOf('/callback?code=1&state=2')).toBe(400)
    expect(await statusOf('/nowhere')).toBe(404)
    expect(await statusOf('/sign-out', { method: 'POST' })).toBe(403)
    for (const authorization of ['', 'Bearer', 'Bearer ', 'Bearer x', 'Bearer a.b.c', 'Basic eDp5', `Bearer ${'x'.repeat(5000)}`])
      expect([authorization, await statusOf('/api/me', { headers: { authorization } })]).toEqual([authorization, 401])
    visitor.jar = new Map([['__Host-session', 'x'.repeat(300)]])
    expect(await statusOf('/my/profile')).toBe(401)
    expect(output()).toBe('')
  })
})
