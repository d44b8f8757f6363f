import type { ConfidentialClientApplication } from 'msal-isomorphic'
import type { KvNamespace } from 'msal-isomorphic/edge'

/** What the Worker is bound to: a namespace, variables and secrets (`wrangler.toml`). */
export interface Env {
  /** Tokens, discovery documents and sign-outs. */
  KV: KvNamespace
  /** Where the Worker is served, without a path. Addresses are made of it, never of what a request says. */
  ORIGIN: string
  /** The tenant whose people sign in. */
  AUTHORITY: string
  /** Hosts of a provider that instance discovery does not know, separated by spaces. */
  KNOWN_AUTHORITIES?: string
  /** Seals the cookies: 32 random bytes as base64. To rotate, the new one first, a space, and the old one. */
  COOKIE_KEY: string
  /** The registration that people sign in to. */
  WEB_CLIENT_ID: string
  WEB_CLIENT_SECRET: string
  /** The registration of the API, and the URI that its scopes begin with. */
  API_CLIENT_ID: string
  API_CLIENT_SECRET: string
  API_URI: string
  /** The registration that the scheduled job acts as; the certificate and its key are PEM. */
  JOB_CLIENT_ID: string
  JOB_CERTIFICATE: string
  JOB_PRIVATE_KEY: string
  /** The API behind this one: `GET /me` for a person, `GET /notes` for the job. */
  DOWNSTREAM: string
}

/** What is made of the bindings once in the life of an isolate. It holds nothing of a request. */
export interface App {
  env: Env
  cookieKeys: string[]
  knownAuthorities: string[]
  web: ConfidentialClientApplication
  api: ConfidentialClientApplication
  job: ConfidentialClientApplication
}

/** What a runtime lends to a request: work that may outlive the answer. */
export interface Context {
  waitUntil(work: Promise<unknown>): void
}

/** A request, and what its handlers need. */
export interface Visit {
  request: Request
  url: URL
  app: App
  /** For calls of the library: renewal behind the answer may outlive the request. */
  waitUntil(work: Promise<unknown>): void
}
