import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bundle } from './bundle-support.ts'
import { good, signIn, state } from './loopback-support.ts'

describe('in another runtime', () => {
  afterEach(() => {
    vi.doUnmock('node:http')
    vi.resetModules()
  })

  test.each([
    ['without node:http', () => Promise.reject(new Error('No such module'))],
    ['with an empty node:http, as bundlers make', () => ({ createServer: undefined })],
    [
      'with a node:http that cannot listen',
      () => ({
        createServer: () => {
          throw new TypeError('not implemented')
        },
      }),
    ],
  ])('%s the sign-in rejects with environment_unsupported', async (_name, module) => {
    vi.resetModules()
    vi.doMock('node:http', module as () => object)
    const fresh = await import('../../src/node/loopback.ts')
    const session = fresh.loopback().begin({ signal: new AbortController().signal })
    await expect(session.redirectUri).rejects.toMatchObject({ code: 'environment_unsupported' })
    session.close()
  })

  test('the entry imports nothing of Node.js until it is used', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loopback-'))
    const text = await readFile(await bundle('index', folder), 'utf8')
    expect(text).toContain('import("node:http")')
    expect(text).not.toMatch(/(\bfrom|^import)\s*["'](?!\.)/m)
    expect(text).not.toMatch(/\bprocess\.|\bBuffer\b/)
    await rm(folder, { recursive: true })
  })
})

describe('in a process of its own', () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loopback-'))
    file = await bundle('loopback', folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const program = (end: string) => `
    import { loopback } from ${JSON.stringify(file)}
    const { signal } = new AbortController()
    const session = loopback({ openBrowser() {} }).begin({ signal })
    const uri = await session.redirectUri
    const answer = session.authorize({ url: 'https://login.example/', flow: { state: '${state}' }, signal })
    ${end}`
  const start = (end: string) =>
    spawn(process.execPath, ['--input-type=module', '-e', program(end)], { stdio: ['ignore', 'pipe', 'inherit'] })

  test('S62 it exits unaided after an answer, with an idle connection still there', async () => {
    const child = start(`
      const { connect } = await import('node:net')
      const idle = connect(new URL(uri).port, '127.0.0.1').unref()
      const page = await fetch(uri.replace('localhost', '127.0.0.1') + '/?${good}')
      console.log((await answer).get('code'), page.status)
      session.close()`)
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const [code] = await once(child, 'close')
    expect([code, output]).toEqual([0, 'the-code 200\n'])
  })

  test('S62 it exits unaided when closed without an answer', async () => {
    const child = start('session.close(); await answer.catch(() => {})')
    expect(await once(child, 'close')).toEqual([0, null])
  })

  test('S62 an interrupt frees the port', async () => {
    const child = start('console.log(new URL(uri).port); await answer')
    const [line] = await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([null, 'SIGINT'])
    expect((await signIn({ port: Number(line) })).port).toBe(Number(line))
  })
})
