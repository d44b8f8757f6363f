import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFetch } from '../../src/node/index.ts'
import { bundle } from './bundle-support.ts'
import { bodyOf, makeIdentity, origin, proxy } from './proxy-support.ts'

let identity: ReturnType<typeof makeIdentity>
beforeAll(() => {
  identity = makeIdentity()
})
afterAll(() => {
  identity.remove()
})
afterEach(() => vi.unstubAllGlobals())

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => error as Error,
  )

describe('it behaves as fetch', () => {
  const through = async () => {
    const { url, seen } = await proxy()
    return { seen, send: createFetch({ proxy: url, ca: identity.cert }) }
  }

  test('a manual redirect is handed back with its status and location', async () => {
    const https = await origin((_request, response) => response.writeHead(307, { location: '/elsewhere' }).end(), identity)
    const { send } = await through()
    const response = await send(https, { method: 'POST', body: 'secret', redirect: 'manual', cache: 'no-store' })
    expect([response.status, response.headers.get('location')]).toEqual([307, '/elsewhere'])
  })

  test('bodies and headers arrive whatever form they come in', async () => {
    const https = await origin(async (request, response) => {
      const { 'content-type': type, 'content-length': length, 'x-a': a } = request.headers
      response.end(JSON.stringify({ method: request.method, type, length, a, body: await bodyOf(request) }))
    }, identity)
    const { send } = await through()
    const echo = async (...args: Parameters<typeof fetch>) => await (await send(...args)).json()
    const form = { method: 'POST', type: 'application/x-www-form-urlencoded;charset=UTF-8', length: '3', body: 'a=b' }
    expect(await echo(https, { method: 'POST', body: new URLSearchParams('a=b') })).toEqual(form)
    expect(
      await echo(new URL(https), { method: 'POST', body: 'a=b', headers: new Headers({ 'x-a': '1', 'content-type': 't/x' }) }),
    ).toEqual({
      ...form,
      type: 't/x',
      a: '1',
    })
    expect(await echo(new Request(https, { method: 'POST', body: 'a=b', headers: { 'x-a': '1' } }))).toMatchObject({ body: 'a=b', a: '1' })
    expect(await echo(new Request(https), { method: 'PUT', body: new Uint8Array([97]) })).toMatchObject({ method: 'PUT', body: 'a' })
    const data = new FormData()
    data.set('field', 'value')
    expect(await echo(https, { method: 'POST', body: data })).toMatchObject({
      type: expect.stringContaining('multipart/form-data; boundary='),
      body: expect.stringContaining('value'),
    })
  })

  test('the body of an answer streams', async () => {
    let finish!: () => void
    const https = await origin((_request, response) => {
      response.write('first')
      finish = () => response.end('second')
    }, identity)
    const { send } = await through()
    const response = await send(https)
    const reader = response.body!.getReader()
    const text = async () => new TextDecoder().decode((await reader.read()).value)
    expect(await text()).toBe('first')
    finish()
    expect(await text()).toBe('second')
  })

  test('an abort ends it with the signal’s reason: before, during CONNECT, before the answer, within the body', async () => {
    const reason = new Error('enough')
    const aborted = AbortSignal.abort(reason)
    const stalled = await origin((request, response) => {
      if (request.url === '/body') response.write('first')
    }, identity)
    const { send } = await through()
    expect(await rejection(send(stalled, { signal: aborted }))).toBe(reason)
    expect(await rejection(send(new Request(stalled, { signal: aborted })))).toBe(reason)

    const silent = await proxy({ silent: true })
    const early = new AbortController()
    const connecting = rejection(createFetch({ proxy: silent.url })(stalled, { signal: early.signal }))
    await vi.waitFor(() => expect(silent.seen).toHaveLength(1))
    early.abort(reason)
    expect(await connecting).toBe(reason)

    const late = new AbortController()
    const waiting = rejection(send(stalled, { signal: late.signal }))
    setTimeout(() => late.abort(reason), 50)
    expect(await waiting).toBe(reason)

    const last = new AbortController()
    const response = await send(`${stalled}/body`, { signal: last.signal })
    const reading = rejection(response.text())
    last.abort(reason)
    expect(await reading).toBe(reason)
  })
})

describe('other runtimes', () => {
  test('Bun: its own fetch gets the proxy and the certificates', async () => {
    vi.stubGlobal('Bun', {})
    const spy = vi.fn(async () => new Response())
    vi.stubGlobal('fetch', spy)
    await createFetch({ proxy: { https: 'http://me:p%40ss@proxy:8080' }, ca: identity.cert })('https://x.example/', { method: 'POST' })
    await createFetch({ proxy: { https: 'http://proxy:8080' }, verify: false })(new Request('http://x.example/'))
    expect(spy.mock.calls).toEqual([
      ['https://x.example/', { method: 'POST', proxy: 'http://me:p%40ss@proxy:8080/', tls: { ca: identity.cert } }],
      [expect.any(Request), { tls: { rejectUnauthorized: false } }],
    ])
  })

  test('Deno: one client per proxy; verify: false is not to be had', async () => {
    const createHttpClient = vi.fn((options: object) => ({ options }))
    vi.stubGlobal('Deno', { createHttpClient })
    const spy = vi.fn(async (_input: unknown, _init: { client?: unknown }) => new Response())
    vi.stubGlobal('fetch', spy)
    const send = createFetch({ proxy: { https: 'http://me:pass@proxy:8080' }, ca: identity.cert })
    for (const target of ['https://x.example/', 'https://y.example/', 'http://x.example/']) await send(target, {})
    const proxied = { caCerts: [identity.cert], proxy: { url: 'http://proxy:8080', basicAuth: { username: 'me', password: 'pass' } } }
    const direct = { caCerts: [identity.cert] }
    expect(createHttpClient.mock.calls).toEqual([[proxied], [direct]])
    expect(spy.mock.calls.map(([, init]) => init.client)).toEqual([proxied, proxied, direct].map((options) => ({ options })))
    expect(await rejection(createFetch({ verify: false })('https://x.example/'))).toMatchObject({ code: 'environment_unsupported' })
  })
})

describe('in a process of its own', () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'create-fetch-'))
    file = await bundle('create-fetch', folder)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('without undici the first request rejects with environment_unsupported and says what to install', async () => {
    const code = `import { createFetch } from ${JSON.stringify(file)}
      const send = createFetch({ verify: false })
      await send('https://localhost:1/').catch((error) => console.log(error.code, error.message))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output] = await once(child.stdout, 'data')
    expect(String(output)).toMatch(/^environment_unsupported .*npm i undici/)
  })
})
