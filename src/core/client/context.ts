import { type Authority, type AuthorityOptions, parseAuthority, parseUrl } from '../authority/authority.ts'
import type { AuthorityBuilder } from '../authority/authority-builder.ts'
import type { Partitions } from '../cache/partitions.ts'
import { partitionsOf, TokenCache } from '../cache/token-cache.ts'
import type { ClientAuthentication } from '../oauth/client-assertion.ts'
import type { ClientApplicationOptions, RequestOptions } from '../options.ts'
import type { Logger } from '../ports.ts'
import { aborted } from '../util/aborted.ts'
import { checkTypes } from '../util/check-types.ts'
import { invalidArgument } from '../util/invalid-argument.ts'
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

/** Of a client's options; see {@link checkTypes}. */
const wrongTypes =
  /(app|clientId).* (?!string)|(validateA|verify).* (?!boolean)|azureRegion (?!string|boolean)|^(fetch|logger|waitUntil) (?!function)|(httpCache|Claims|nteraction) (?!object)|(Authorities|Capabilities|Scopes) (?!array)/

/** What a client is made with. */
export type Parts = Pick<ClientContext, 'authentication' | 'flights' | 'person'>

export function createContext(client: object, options: ClientApplicationOptions, parts?: Parts): void {
  checkTypes(options, wrongTypes, invalidArgument)
  checkTimeout(options.timeout)
  const { clientId, tokenCache = new TokenCache(), knownAuthorities = [], instanceDiscovery = true } = options
  if (!clientId) throw invalidArgument('clientId is missing.')
  if (!(tokenCache instanceof TokenCache)) throw invalidArgument('tokenCache must be a TokenCache.')
  if (options.excludeScopes?.includes('openid')) throw invalidArgument('openid cannot be excluded.')
  if (`${knownAuthorities}`.includes('/')) throw invalidArgument('knownAuthorities must be hosts.')
  if (typeof instanceDiscovery !== 'boolean') parseUrl(instanceDiscovery, 'instanceDiscovery')
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

export function checkTimeout(timeout: number = 1): void {
  if (typeof timeout !== 'number' || !(timeout > 0)) throw invalidArgument('timeout must be a positive number.')
}
