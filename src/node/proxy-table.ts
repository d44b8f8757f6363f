import { ClientConfigurationError } from '../core/index.ts'
import { isRecord } from '../core/util/record.ts'

/** A proxy, with its credentials kept apart from its URL: URLs turn up in error messages. */
export interface Proxy {
  url: string
  username: string
  password: string
}

/** Finds the proxy for a target; undefined is a direct connection. */
export type ProxyTable = (target: URL) => Proxy | undefined

const keyForm = /^(https?|all)(:\/\/[^/\s]+)?$/

/**
 * Reads the `proxy` option, which is the `proxies` of Python's requests: keys are `scheme://host`, `scheme`, `all://host` or `all`, the first
 * that fits wins; `no_proxy` lists hosts to reach directly. Undefined where no proxy is named.
 */
export function proxyTable(option: string | Readonly<Record<string, string>> | undefined): ProxyTable | undefined {
  const entries = new Map<string, Proxy | undefined>()
  let direct: (target: URL) => boolean = () => false
  const given = typeof option === 'string' ? { all: option } : (option ?? {})
  if (!isRecord(given) || !Object.values(given).every((value) => typeof (value ?? '') === 'string'))
    throw new ClientConfigurationError('invalid_argument', 'proxy must be a URL or a table of texts.')
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase()
    if (key === 'no_proxy') direct = exceptions(value ?? '')
    else if (keyForm.test(key)) entries.set(key, value === '' ? undefined : readProxy(value))
    else
      throw new ClientConfigurationError('invalid_argument', 'A key of proxy is none of http, https, all, {scheme}://{host} and no_proxy.')
  }
  if (![...entries.values()].some((proxy) => proxy !== undefined)) return undefined
  return (target) => {
    if (direct(target)) return undefined
    const scheme = target.protocol.slice(0, -1)
    const keys = [scheme, 'all'].flatMap((it) => [`${it}://${target.host}`, `${it}://${target.hostname}`, it])
    const key = keys.find((it) => entries.has(it))
    return key === undefined ? undefined : entries.get(key)
  }
}

function readProxy(value: string): Proxy {
  try {
    const url = new URL(value.includes('://') ? value : `http://${value}`)
    if ((url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') {
      return { url: url.origin, username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
    }
  } catch {
    // The value may hold a password: it is neither quoted nor kept as a cause.
  }
  throw new ClientConfigurationError('invalid_argument', 'A proxy is not an http or https URL.')
}

/** `no_proxy` as curl and requests have it: host names that stand for their subdomains too, with or without a port, or `*`. */
function exceptions(list: string): (target: URL) => boolean {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [undefined, undefined, entry]
      return { host: (bracketed ?? plain ?? '').replace(/^\*?\./, ''), port }
    })
  return (target) => {
    const host = target.hostname.replace(/^\[(.+)\]$/, '$1')
    const port = target.port || (target.protocol === 'https:' ? '443' : '80')
    return entries.some(
      (entry) => entry.host === '*' || ((entry.port ?? port) === port && (host === entry.host || host.endsWith(`.${entry.host}`))),
    )
  }
}

/** The value of `proxy-authorization` (RFC 7617), or undefined where the proxy asks for none. */
export function basicAuthorization({ username, password }: Proxy): string | undefined {
  if (username === '' && password === '') return undefined
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}
