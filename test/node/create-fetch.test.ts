import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFetch } from '../../src/node/index.ts'
import { makeIdentity, origin, proxy } from './proxy-support.ts'

let identity: ReturnType<typeof makeIdentity>
let stranger: ReturnType<typeof makeIdentity>
beforeAll(() => {
  identity = makeIdentity()
  stranger = makeIdentity()
})
afterAll(() => {
  identity.remove()
  stranger.remove()
})
afterEach(() => vi.unstubAllGlobals())

const hello = () => origin((_request, response) => response.end('hello'), identity)
const plainHello = () => origin((_request, response) => response.end('plain'))
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => error as Error,
  )

test('without options it calls the runtime’s fetch, whichever that is at the time', async () => {
  const made = [createFetch(), createFetch({}), createFetch({ verify: true, proxy: {} }), createFetch({ proxy: '' })]
  const response = new Response()
  const spy = vi.fn(async () => response)
  vi.stubGlobal('fetch', spy)
  for (const send of made) expect(await send('https://x.example/', { method: 'POST' })).toBe(response)
  expect(spy.mock.calls).toEqual(made.map(() => ['https://x.example/', { method: 'POST' }]))
})

describe('proxy', () => {
  test('a string takes all requests: HTTPS through a tunnel, HTTP forwarded', async () => {
    const [https, http, { url, seen }] = [await hello(), await plainHello(), await proxy()]
    const send = createFetch({ proxy: url, ca: identity.cert })
    expect(await (await send(`${https}/a?b`)).text()).toBe('hello')
    expect(await (await send(`${http}/a?b`)).text()).toBe('plain')
    expect(seen).toEqual([`CONNECT ${https.slice(8)}`, `GET ${http}/a?b`])
  })

  test('a table decides per scheme, host and no_proxy', async () => {
    const [https, http, first, second] = [await hello(), await plainHello(), await proxy(), await proxy()]
    const send = createFetch({
      proxy: { http: first.url, https: 'http://localhost:1', 'https://localhost': second.url },
      ca: identity.cert,
    })
    await send(https)
    await send(http)
    expect([first.seen, second.seen]).toEqual([[`GET ${http}/`], [`CONNECT ${https.slice(8)}`]])

    const direct = createFetch({ proxy: { all: 'http://localhost:1', no_proxy: 'other.example,localhost' }, ca: identity.cert })
    expect(await (await direct(https)).text()).toBe('hello')
  })

  test('each hop of a redirect is decided anew', async () => {
    const [https, through] = [await hello(), await proxy()]
    const http = await origin((_request, response) => response.writeHead(302, { location: https }).end())
    const send = createFetch({ proxy: { https: through.url }, ca: identity.cert })
    expect(await (await send(http)).text()).toBe('hello')
    expect(through.seen).toEqual([`CONNECT ${https.slice(8)}`])
  })

  test('a proxy without a scheme is an HTTP proxy; an HTTPS proxy is trusted by ca too', async () => {
    const [http, https, plain, secure] = [await plainHello(), await hello(), await proxy(), await proxy({ identity })]
    expect((await createFetch({ proxy: plain.host })(http)).status).toBe(200)
    expect((await createFetch({ proxy: secure.url, ca: identity.cert })(https)).status).toBe(200)
    await rejection(createFetch({ proxy: secure.url })(https))
    expect(secure.seen).toEqual([`CONNECT ${https.slice(8)}`])
  })

  test('credentials are sent to the proxy, percent-decoded, and to nobody else', async () => {
    const asked: unknown[] = []
    const https = await origin((request, response) => {
      asked.push(request.rawHeaders.filter((name) => /proxy|authorization/i.test(name)))
      response.end()
    }, identity)
    const { host, seen } = await proxy({ password: 'me@corp:pä:ss' })
    await createFetch({ proxy: `http://me%40corp:p%C3%A4%3Ass@${host}`, ca: identity.cert })(https)
    expect(seen).toEqual([`CONNECT ${https.slice(8)} me@corp:pä:ss`])
    expect(asked).toEqual([[]])
  })

  test('credentials are in no error', async () => {
    const [https, http, locked] = [await hello(), await plainHello(), await proxy({ password: 'x' })]
    const errors: unknown[] = []
    for (const target of [https, http]) {
      for (const host of [locked.host, 'localhost:1', 'proxy.invalid:8080']) {
        const send = createFetch({ proxy: `http://me:CANARY@${host}`, ca: identity.cert })
        errors.push(
          await send(target).then(
            (it) => it.status,
            (error: unknown) => error,
          ),
        )
      }
    }
    for (const value of ['socks5://me:CANARY@host', 'http://me:CANARY%@host', 'http://me:CANARY@', 'me:CANARY@host:port', ':CANARY@']) {
      try {
        createFetch({ proxy: value })
        expect.unreachable(value)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_argument' })
        errors.push(error)
      }
    }
    expect(errors).toHaveLength(11)
    const shown = errors
      .map((error) => `${inspect(error, { depth: 20, showHidden: true })} ${error instanceof Error ? error.stack : ''}`)
      .join()
    expect(shown).not.toContain('CANARY')
    expect(shown).not.toContain(Buffer.from('me:CANARY').toString('base64'))
  })

  test('a refusal by the proxy rejects and nothing goes around it', async () => {
    let asked = 0
    const https = await origin((_request, response) => {
      asked++
      response.end()
    }, identity)
    const { url, seen } = await proxy({ password: 'x' })
    expect(await rejection(createFetch({ proxy: url, ca: identity.cert })(https))).toBeInstanceOf(TypeError)
    expect([asked, seen.length > 0]).toEqual([0, true])
  })
})

describe('certificates', () => {
  test('an unknown certificate is refused, by ca and verify too when they name another', async () => {
    const https = await hello()
    const { url } = await proxy()
    for (const options of [{ proxy: url }, { ca: stranger.cert }, { verify: stranger.file }, { proxy: url, ca: stranger.cert }]) {
      const error = await rejection(createFetch(options)(https))
      expect(error).toBeInstanceOf(TypeError)
      expect((error.cause as { code?: string }).code).toMatch(/SELF_SIGNED|UNABLE_TO/)
    }
  })

  test.each([
    ['ca', () => ({ ca: identity.cert })],
    ['ca with several certificates', () => ({ ca: `${stranger.cert}\n${identity.cert}` })],
    ['verify as a path', () => ({ verify: identity.file })],
    ['ca and verify as a path', () => ({ ca: identity.cert, verify: stranger.file })],
    ['verify: false', () => ({ verify: false })],
  ])('%s lets it pass, directly and through a proxy', async (_name, options) => {
    const https = await hello()
    const { url, seen } = await proxy()
    expect(await (await createFetch(options())(https)).text()).toBe('hello')
    expect(seen).toEqual([])
    expect(await (await createFetch({ ...options(), proxy: url })(https)).text()).toBe('hello')
    expect(seen).toHaveLength(1)
  })

  test('the certificate must be for the host', async () => {
    const https = (await hello()).replace('localhost', '127.0.0.1')
    const { url } = await proxy()
    for (const options of [{ ca: identity.cert }, { ca: identity.cert, proxy: url }]) {
      const error = await rejection(createFetch(options)(https))
      expect(inspect(error)).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
    }
  })

  test('verify as a path: a missing file or one without certificates is invalid_argument, and the next call reads again', async () => {
    const https = await hello()
    const folder = await mkdtemp(join(tmpdir(), 'bundle-'))
    const file = join(folder, 'ca.pem')
    const send = createFetch({ verify: file })
    expect(await rejection(send(https))).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
    await writeFile(file, 'not a certificate')
    expect(await rejection(send(https))).toMatchObject({ code: 'invalid_argument' })
    await writeFile(file, identity.cert)
    expect((await send(https)).status).toBe(200)
    await rm(folder, { recursive: true })
  })
})

describe('options that make no sense are invalid_argument at once', () => {
  test.each([
    ['a scheme as a key', { proxy: { 'https:': 'http://localhost:1' } }],
    ['an unknown key', { proxy: { ftp: 'http://localhost:1' } }],
    ['a SOCKS proxy', { proxy: 'socks5://localhost:1' }],
    ['ca that is no PEM', { ca: '/etc/ssl/ca.pem' }],
    ['ca and verify: false', { ca: '-----BEGIN CERTIFICATE-----', verify: false }],
    ['an empty path', { verify: '' }],
  ])('%s', (_name, options) => {
    expect(() => createFetch(options as object)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
