import type { AuthCodeFlow } from './types.ts'

/** How a response to an authorization request travels back (OAuth 2.0 Multiple Response Types, and Form Post Response Mode). */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** What the provider sent back: a URL, also without its origin as `request.url` of Node.js is, its parameters, a posted form, or anything that holds them. */
export type AuthorizationResponse =
  | string
  | { readonly searchParams: URLSearchParams }
  | URLSearchParams
  | Request
  | FormData
  | Readonly<Record<string, string>>

/**
 * How a person is shown the sign-in page: a popup, a redirect, a loopback server, or your own.
 *
 * @example
 * ```ts
 * const interaction: Interaction = {
 *   responseModes: ['query'],
 *   begin: () => ({
 *     redirectUri: 'https://app.example/callback',
 *     authorize: async ({ url }) => await showSignInPage(url), // resolves to the URL that the provider sent the person back to
 *     close() {},
 *   }),
 * }
 * ```
 */
export interface Interaction {
  /** What it can receive, in order of preference; the first that the provider supports is asked for. */
  readonly responseModes: readonly ResponseMode[]
  /** Starts one sign-in. Synchronous, so that a popup opens inside the person's click. */
  begin(context: InteractionContext): InteractionSession
}

/** What {@link Interaction.begin} is told. */
export interface InteractionContext {
  /** The port to listen on, where that means something. */
  port?: number
  /** What the person is asked to do: see `InitiateAuthCodeFlowOptions`. */
  prompt?: string
  /** Aborted when the sign-in is over, timed out or given up. */
  signal: AbortSignal
}

/** One sign-in under way. */
export interface InteractionSession {
  /** Where the provider sends the person back to. */
  readonly redirectUri: string | Promise<string>
  /** Shows the page and resolves to the provider's answer: a URL, or its parameters. */
  authorize(request: AuthorizeRequest): Promise<string | URLSearchParams | Record<string, string>>
  /** Always called, once, whatever happened. */
  close(): void
}

/** What {@link InteractionSession.authorize} is given. */
export interface AuthorizeRequest {
  /** The page to show. */
  url: string
  /** Plain JSON: a redirect keeps it until the person comes back. */
  flow: AuthCodeFlow
  /** Aborted when the sign-in is over, timed out or given up. */
  signal: AbortSignal
}

/**
 * Keeps HTTP answers that hold no token and no name: discovery documents and refusals. A `Map<string, string>` is one.
 * Methods may be synchronous or return promises. A program that starts often keeps `JSON.stringify([...map])` in a file, and begins with
 * `new Map(JSON.parse(text))`. (The manual's `http_cache`.)
 *
 * @example
 * ```ts
 * const httpCache: HttpCache = new Map<string, string>()
 * ```
 */
export interface HttpCache {
  /** What was kept under a key; null or undefined: nothing. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>
  /** Keeps text under a key; its end is inside the text. */
  set(key: string, value: string): unknown
  /** Absent is no error. */
  delete(key: string): unknown
}

/**
 * Where a token cache keeps its partitions: a file, a database, a key-value service. A partition holds one home account's tokens, an
 * application's own in one tenant, or those got with one user assertion; its value is opaque text and a secret.
 *
 * @example
 * ```ts
 * const store: CacheStore = {
 *   read: async (partition) => (await table.get(partition)) ?? null,
 *   write: async (partition, value, { version }) => table.putIf(partition, value, version),
 *   remove: (partition) => table.delete(partition),
 * }
 * ```
 */
export interface CacheStore {
  /** The partition's value and the version it has; null where there is none. */
  read(partition: string): Promise<{ value: string; version: string } | null>
  /** Resolves to the new version, or to `conflict` where the partition has changed since the version that was read. */
  write(partition: string, value: string, options: CacheStoreWriteOptions): Promise<string>
  /** Absent is no error. */
  remove(partition: string): Promise<void>
  /** The names of all partitions, where the engine can tell. */
  list?(): AsyncIterable<string>
  /** Runs a task while nobody else, in any process, runs one for the same partition. Waiting ends with the signal. */
  lock?<T>(partition: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Tells of partitions that somebody else has written or removed, where the engine can; returns how to stop. */
  watch?(changed: (partition: string) => void): () => void
}

/** Options of {@link CacheStore.write}. */
export interface CacheStoreWriteOptions {
  /** The version that was read; null: it must not exist yet; absent: whatever is there is replaced. */
  version?: string | null
  /** Milliseconds after which the engine may drop the partition: the life of its longest-lived token. */
  ttl?: number
}

/** One line of the log. It never holds a token, a secret or a URL's query. */
export interface LogRecord {
  /** How much it matters. */
  level: 'error' | 'warn' | 'info' | 'debug'
  /** What happened; the same words each time. */
  message: string
  /** Of the call that it happened in. */
  correlationId?: string
  /** What is particular about it: a host, a status, a duration in ms. */
  [detail: string]: unknown
}

/** Receives log records; nothing is logged without one. */
export type Logger = (record: LogRecord) => void
