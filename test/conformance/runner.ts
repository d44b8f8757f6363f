import { expect } from 'vitest'
import {
  type AnyAuthError,
  type ClientApplication,
  type ClientApplicationOptions,
  ConfidentialClientApplication,
  type InitiateAuthCodeFlowOptions,
  isAuthError,
  PublicClientApplication,
  SerializableTokenCache,
  type UserResult,
} from '../../src/core/index.ts'
import type { Emulator, Endpoint } from './emulator.ts'
import type { ClientAuthentication } from './modules.ts'
import { clientId, clientKey, clientSecret, redirectUri } from './registration.ts'

/** What a sign-in asks for, unless a module wants more. */
export const scopes: readonly string[] = ['email']

/** What a module's file exports: how the client has to come off, and what it does. */
export interface Module {
  /** The code of the error that ends it; `completes` where nothing may. */
  outcome: AnyAuthError['code'] | 'completes'
  /** The last endpoint that may be asked. */
  last?: Endpoint
  flow(party: RelyingParty): Promise<unknown>
}

export interface RelyingParty {
  app: ClientApplication
  /** Begins a sign-in, for the usual scopes unless others are given, does the person's part and redeems the answer. */
  signIn(options?: InitiateAuthCodeFlowOptions): Promise<UserResult>
  /** Asks with an access token, as an application does. */
  ask(path: 'userinfo' | 'resource', accessToken: string): Promise<Response>
  /** The person's browser: follows a link and tells where it is sent. */
  visit(url: string): Promise<string | Request>
  /** Undefined where the suite itself plays the provider. */
  emulator: Emulator | undefined
}

/** Loads a module's file. */
export const moduleOf = async (name: string): Promise<Module> =>
  (await import(/* @vite-ignore */ new URL(`modules/${name}.ts`, import.meta.url).href)).default

/** The client must come to the end, which is the userinfo endpoint where the flow is the usual one. */
export const completes = (flow: Module['flow'] = signInAndAsk): Module => ({ outcome: 'completes', flow })

/** The client must stop with this code, and ask nothing after this endpoint. */
export const rejects = (outcome: AnyAuthError['code'], last: Endpoint, flow: Module['flow'] = signInAndAsk): Module => ({
  outcome,
  last,
  flow,
})

/** The userinfo endpoint is the application's: the library gives the token, and the subject to compare. */
export async function signInAndAsk({ signIn, ask }: RelyingParty, options?: InitiateAuthCodeFlowOptions) {
  const result = await signIn(options)
  const response = await ask('userinfo', result.accessToken)
  const claims = (await response.json()) as Record<string, unknown>
  expect(claims.sub).toBe(result.idTokenClaims?.sub)
  return { result, claims }
}

interface Setting {
  issuer: string
  authentication: ClientAuthentication
  responseMode?: 'form_post' | undefined
  emulator?: Emulator | undefined
}

/** Runs a module against a provider. */
export async function run({ outcome, last, flow }: Module, { issuer, authentication, responseMode, emulator }: Setting): Promise<void> {
  const cache = new SerializableTokenCache()
  const app = clientOf(authentication, { clientId, oidcAuthority: issuer, tokenCache: cache, verifyIdTokenSignature: true })
  let kept = cache.serialize()
  const party: RelyingParty = {
    app,
    emulator,
    visit,
    ask: (path, accessToken) => fetch(issuer + path, { headers: { authorization: `Bearer ${accessToken}` } }),
    async signIn(options) {
      const request = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...(responseMode && { responseMode }), ...options })
      const response = await visit(request.authUri)
      if (responseMode) expect(response).toBeInstanceOf(Request)
      const result = await app.acquireTokenByAuthCodeFlow({ flow: request, response })
      kept = cache.serialize()
      return result
    },
  }
  try {
    const ended = await flow(party).then(
      () => 'completes',
      (error: unknown) => {
        if (!isAuthError(error)) throw error
        return error.code
      },
    )
    expect({ ended, complaints: emulator?.complaints ?? [] }).toEqual({ ended: outcome, complaints: [] })
  } finally {
    await app.close()
  }
  if (outcome !== 'completes') expect(cache.serialize()).toBe(kept)
  if (!emulator) return
  // Whatever is still asked behind the caller's back has begun by now.
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(emulator.log).toContain('discovery')
  if (last) expect(emulator.log.at(-1)).toBe(last)
}

function clientOf(authentication: ClientAuthentication, options: ClientApplicationOptions): ClientApplication {
  if (authentication === 'none') return new PublicClientApplication(options)
  const { pkcs8: privateKey, certificate: publicCertificate } =
    authentication === 'private_key_jwt' ? clientKey() : { pkcs8: '', certificate: '' }
  const clientCredential = authentication === 'private_key_jwt' ? { privateKey, publicCertificate } : clientSecret
  return new ConfidentialClientApplication({ ...options, clientCredential })
}

async function visit(url: string): Promise<string | Request> {
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location) return location
  const page = await response.text()
  if (!response.ok) throw new Error(`The provider's page says ${response.status}: ${page}`)
  const attribute = (tag: string, name: string) => decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
  const fields = (page.match(/<input[^>]*>/g) ?? []).filter((tag) => attribute(tag, 'name'))
  const body = new URLSearchParams(fields.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]))
  return new Request(attribute(/<form[^>]*>/.exec(page)?.[0] ?? '', 'action'), { method: 'POST', body })
}

const decoded = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
