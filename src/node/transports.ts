import { ClientConfigurationError } from '../core/index.ts'
import { basicAuthorization, type ProxyTable } from './proxy-table.ts'

export type Transport = typeof fetch

export interface TransportSettings {
  proxyFor: ProxyTable | undefined
  /** PEM; replaces the system's certificates. */
  ca: string | undefined
  insecure: boolean
}

/** Node.js: its own `fetch` takes dispatchers of one version of undici only, so the package's `fetch` is used with the package's dispatchers. */
export async function undiciFetch({ proxyFor, ca, insecure }: TransportSettings): Promise<Transport> {
  const undici = await loadUndici()
  const tls = { ...(ca !== undefined && { ca }), ...(insecure && { rejectUnauthorized: false }) }
  const dispatcher = new undici.Agent({
    connect: tls,
    factory(origin, options) {
      const proxy = proxyFor?.(new URL(origin))
      if (proxy === undefined) return new undici.Pool(origin, options)
      const token = basicAuthorization(proxy)
      return new undici.ProxyAgent({
        uri: proxy.url,
        ...(token !== undefined && { token }),
        requestTls: tls,
        proxyTls: tls,
        // Many proxies open tunnels to port 443 only; plain HTTP is forwarded.
        proxyTunnel: false,
      })
    },
  })
  const send = undici.fetch as unknown as (url: string | URL, init: object) => Promise<Response>
  return (input, init) => {
    const [url, options] = separate(input, init)
    return send(url, { ...options, dispatcher })
  }
}

async function loadUndici() {
  try {
    return await import('undici')
  } catch (cause) {
    const message = 'createFetch() needs the package undici for proxies and certificates in Node.js: npm i undici'
    throw new ClientConfigurationError('environment_unsupported', message, { cause })
  }
}

/** The package takes no `Request` but its own, and from version 7 no other `FormData`; their parts are the same everywhere. */
function separate(...[input, init]: Parameters<Transport>): [url: string | URL, init: object] {
  if (!(input instanceof Request) && !(init?.body instanceof FormData)) return [input, init ?? {}]
  const request = new Request(input, init)
  const { url, method, headers, body, redirect, signal, integrity, keepalive } = request
  return [url, { method, headers: [...headers], body, redirect, signal, integrity, keepalive, ...(body !== null && { duplex: 'half' }) }]
}

/** Bun's `fetch` has options of its own. Its `undici` is a stand-in that knows no proxy. */
export function bunFetch({ proxyFor, ca, insecure }: TransportSettings): Transport {
  const tls = { ...(ca !== undefined && { ca }), ...(insecure && { rejectUnauthorized: false }) }
  return (input, init) => {
    const proxy = proxyFor?.(targetOf(input))
    const url = proxy && Object.assign(new URL(proxy.url), { username: proxy.username, password: proxy.password })
    return fetch(input, { ...init, tls, ...(url && { proxy: url.href }) } as RequestInit)
  }
}

interface Deno {
  createHttpClient(options: { proxy?: { url: string; basicAuth?: { username: string; password: string } }; caCerts?: string[] }): object
}

/** Deno's `fetch` takes a client. */
export function denoFetch({ proxyFor, ca, insecure }: TransportSettings): Transport {
  if (insecure) {
    const message = 'In Deno certificate checks are turned off for named hosts only, with --unsafely-ignore-certificate-errors.'
    throw new ClientConfigurationError('environment_unsupported', message)
  }
  const { createHttpClient } = (globalThis as unknown as { Deno: Deno }).Deno
  const clients = new Map<unknown, object>()
  return (input, init) => {
    const proxy = proxyFor?.(targetOf(input))
    let client = clients.get(proxy)
    if (client === undefined) {
      const { username = '', password = '' } = proxy ?? {}
      client = createHttpClient({
        ...(ca !== undefined && { caCerts: [ca] }),
        ...(proxy && { proxy: { url: proxy.url, ...(basicAuthorization(proxy) && { basicAuth: { username, password } }) } }),
      })
      clients.set(proxy, client)
    }
    return fetch(input, { ...init, client } as RequestInit)
  }
}

function targetOf(input: Parameters<Transport>[0]): URL {
  return new URL(input instanceof Request ? input.url : input)
}
