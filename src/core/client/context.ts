import { type Authority, type AuthorityOptions, parseAuthority, parseUrl } from '../authority/authority.ts'
import type { AuthorityBuilder } from '../authority/authority-builder.ts'
import type { Partitions } from '../cache/partitions.ts'
import { partitionsOf, TokenCache } from '../cache/token-cache.ts'
import { ClientConfigurationError } from '../errors.ts'
import type { ClientAuthentication } from '../oauth/client-assertion.ts'
import { checkExcludedScopes } from '../oauth/scopes.ts'
import type { ClientApplicationOptions, RequestOptions } from '../options.ts'
import type { Logger } from '../ports.ts'
import { aborted } from '../util/aborted.ts'
import { isRecord } from '../util/record.ts'
import type { Passenger } from './single-flight.ts'

export type Person = typeof import('./person.ts')

/** What the methods of one client share. */
export interface ClientContext {
  options: ClientApplicationOptions
  clientId: string
  authority: Authority
  cache: TokenCache
  memory: Partitions
  /** Tokens that came from the cache since the last request, for the provider's telemetry. */
  hits: number
  log: Logger
  /** Requests under way, whether or not anybody still waits for them. */
  pending: Set<Promise<unknown>>
  /** Of confidential clients. */
  authentication?: ClientAuthentication
  /** How tokens are asked for, where that is at hand; else it is loaded for the first request. */
  flights?: typeof import('./requesting.ts')
  /** What calls for a person begin with, or how it is loaded. Managed identities have none. */
  person?: Person | (() => Promise<Person>)
  /** The authority of an option; the client's own where none is given. */
  authorityOf(given: string | URL | AuthorityBuilder | undefined): Authority
}

const contexts = /* @__PURE__ */ new WeakMap<object, ClientContext>()

/** The inside of a client, for its methods and for the adapters. It is kept apart from the object, so that nothing prints it. */
export const contextOf = (client: object): ClientContext => contexts.get(client)!

/** What a client is made with. */
export type Parts = Pick<ClientContext, 'authentication' | 'flights' | 'person'>

export function createContext(client: object, options: ClientApplicationOptions, parts?: Parts): void {
  if (!isRecord(options)) throw invalid('The client needs options.')
  const { clientId, tokenCache = new TokenCache(), timeout, knownAuthorities = [], instanceDiscovery } = options
  if (typeof clientId !== 'string' || !clientId) throw invalid('clientId is missing.')
  if (!(tokenCache instanceof TokenCache)) throw invalid('tokenCache must be a TokenCache.')
  checkTimeout(timeout)
  checkExcludedScopes(options.excludeScopes)
  if (!Array.isArray(knownAuthorities) || !knownAuthorities.every((host) => typeof host === 'string' && !host.includes('/'))) {
    throw invalid('knownAuthorities must be an array of host names.')
  }
  if (typeof instanceDiscovery === 'string') parseUrl(instanceDiscovery, 'instanceDiscovery')
  const trust: AuthorityOptions = { ...options, knownAuthorities: knownAuthorities.map((host) => host.toLowerCase()) }
  const authority = parseAuthority(trust)
  const authorities = new Map<string, Authority>()
  const memory = partitionsOf(tokenCache)
  const log: Logger = (record) => {
    try {
      options.logger?.(record)
    } catch {
      // What an application does with a record is no business of the call that it tells of.
    }
  }
  memory.log = log
  contexts.set(client, {
    options,
    clientId,
    authority,
    cache: tokenCache,
    memory,
    hits: 0,
    log,
    pending: new Set(),
    ...parts,
    authorityOf(given) {
      if (given === undefined) return authority
      const url = String(given)
      let parsed = authorities.get(url)
      if (!parsed) {
        parsed = parseAuthority({ ...trust, authority: url, oidcAuthority: undefined })
        // A client of very many tenants must not grow without end.
        if (authorities.size >= 100_000) authorities.clear()
        authorities.set(url, parsed)
      }
      return parsed
    },
  })
}

/** A call's options, checked and completed. */
export interface Call extends Passenger {
  patience: number
  correlationId: string
  options: RequestOptions
}

/** Checks what every call takes. Throws where the caller has given up already. */
export function beginCall({ options: defaults }: ClientContext, options: RequestOptions): Call {
  const { timeout: patience = 10_000 } = defaults
  const { signal, timeout = patience, correlationId = crypto.randomUUID(), waitUntil = defaults.waitUntil } = options
  checkTimeout(timeout)
  if (signal?.aborted) throw aborted({ signal, correlationId })
  return { signal, timeout, patience, correlationId, waitUntil, options }
}

function checkTimeout(timeout: number | undefined): void {
  if (timeout !== undefined && !(timeout > 0)) throw invalid('timeout must be a positive number of milliseconds.')
}

const invalid = (message: string) => new ClientConfigurationError('invalid_argument', message)
