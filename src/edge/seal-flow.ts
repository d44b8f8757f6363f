import type { EncryptionKey } from '../core/cache/encrypted.ts'
import { ClientAuthError, ClientConfigurationError } from '../core/errors.ts'
import type { AuthCodeFlow } from '../core/types.ts'
import { guarded } from '../core/util/guarded.ts'
import { loaded } from '../core/util/loaded.ts'
import { isRecord } from '../core/util/record.ts'
import { readCookies, setCookie } from './cookie.ts'

/** 32 random bytes as base64 or base64url, as a Worker's secret holds them (`openssl rand -base64 32`), or an AES-GCM `CryptoKey` of 256 bits. */
export type SealKey = string | EncryptionKey

/** The first key seals, all of them open: to rotate, put the new one first, and drop the old one when what it sealed has expired. */
export type SealKeys = SealKey | readonly SealKey[]

/** What {@link readFlowCookie} finds. */
export interface FlowCookie {
  /** What was sealed: for `acquireTokenByAuthCodeFlow`. */
  flow: AuthCodeFlow
  /** The `Set-Cookie` text that deletes the cookie: a sign-in is completed once. */
  clear: string
}

const prefix = '__Host-flow-'
/** A browser sends all its cookies with each request, and servers refuse headers of some 16 KB. */
const maxPending = 3
/** Milliseconds that a posted answer may take, as long as a call of a client. */
const patience = 10_000

const load = () => loaded(import('./seal.ts'))

/**
 * Encrypts a sign-in, so that it can wait in a cookie while the person is away at the provider: JWE (RFC 7516), `dir` and `A256GCM`.
 * It holds the code verifier and the nonce; nobody without a key reads or changes it.
 *
 * @returns at most 4 000 characters, all of which a cookie may hold
 * @throws ClientConfigurationError `invalid_argument`: no usable key, no flow, or one too long for a cookie, which takes a claims challenge of 1 KB
 * @example
 * ```ts
 * const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
 * const cookie = await sealFlow(flow, env.COOKIE_KEY)
 * ```
 */
export async function sealFlow(flow: AuthCodeFlow, keys: SealKeys): Promise<string> {
  return guarded(async () => {
    if (!isFlow(flow)) throw new ClientConfigurationError('invalid_argument', 'flow must be what initiateAuthCodeFlow resolved to.')
    return (await load()).seal('flow', flow, keys)
  })
}

/**
 * Opens what {@link sealFlow} made.
 *
 * A flow can be opened as often as it is presented; what makes a sign-in happen once is the code, which the provider redeems once and
 * for this flow's verifier alone. Delete the cookie when the answer has come.
 *
 * @throws ClientAuthError `flow_unknown`: sealed by nobody who has one of the keys, tampered with, no flow, or missing; `flow_expired`: ten minutes are over
 * @throws ClientConfigurationError `invalid_argument`: no usable key
 * @example
 * ```ts
 * const flow = await unsealFlow(cookie, [env.COOKIE_KEY, env.OLD_COOKIE_KEY])
 * const result = await app.acquireTokenByAuthCodeFlow({ flow, response: request })
 * ```
 */
export async function unsealFlow(cookie: string, keys: SealKeys): Promise<AuthCodeFlow> {
  return guarded(async () => {
    const flow = await (await load()).open<AuthCodeFlow>('flow', cookie, keys)
    if (!isFlow(flow)) throw unknown()
    if (!(flow.expiresAt > Date.now())) throw new ClientAuthError('flow_expired', 'The sign-in took too long; begin it again.')
    return flow
  })
}

/**
 * The `Set-Cookie` texts that keep a sign-in in the person's browser until its answer comes. Each sign-in has a cookie of its own, so that
 * several tabs can sign in at once; given the request, the cookies of all but the last few that were never completed are deleted.
 *
 * `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax` (`None` where the answer is a cross-site POST, which is `form_post`), as old as the flow at most.
 *
 * @throws ClientConfigurationError `invalid_argument`, as {@link sealFlow} does
 * @example
 * ```ts
 * const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
 * return withCookies(Response.redirect(flow.authUri), await flowCookies(flow, env.COOKIE_KEY, request))
 * ```
 */
export async function flowCookies(flow: AuthCodeFlow, keys: SealKeys, request?: Request): Promise<string[]> {
  return guarded(async () => {
    const sealed = await sealFlow(flow, keys)
    const posted = URL.canParse(flow.authUri) && new URL(flow.authUri).searchParams.get('response_mode') === 'form_post'
    const pending = request ? [...readCookies(request).keys()].filter((name) => name.startsWith(prefix)) : []
    const name = await nameOf(flow.state)
    const old = pending.filter((other) => other !== name).slice(0, -(maxPending - 1))
    return [...old.map(cleared), setCookie(name, sealed, flow.expiresAt - Date.now(), posted ? 'None' : 'Lax')]
  })
}

/**
 * Finds the sign-in that a provider's answer belongs to among the request's cookies. The request can still be passed on, its body too. A
 * posted answer is read for ten seconds and 64 KiB at most, and not at all where the request has no flow's cookie.
 *
 * @throws ClientAuthError `state_mismatch`: the answer has no state; `flow_unknown`: no cookie for that state, or none that a key opens; `flow_expired`
 * @throws NetworkError of a posted answer: `bad_response`, it is too long or broke off; `timed_out`; `aborted`, by the request's signal
 * @throws ClientConfigurationError `invalid_argument`: no usable key
 * @example
 * ```ts
 * const { flow, clear } = await readFlowCookie(request, env.COOKIE_KEY)
 * const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: request })
 * return withCookies(Response.redirect(home), [clear, await sessionCookie(account, env.COOKIE_KEY)])
 * ```
 */
export async function readFlowCookie(request: Request, keys: SealKeys): Promise<FlowCookie> {
  return guarded(async () => {
    const cookies = readCookies(request)
    const answer = request.method === 'POST' ? await posted(request, cookies) : new URL(request.url).searchParams
    const state = answer.get('state')
    if (!state) throw new ClientAuthError('state_mismatch', 'The answer does not belong to a sign-in: it has no state.')
    const name = await nameOf(state)
    const flow = await unsealFlow(cookies.get(name) ?? '', keys)
    if (flow.state !== state) throw new ClientAuthError('flow_unknown', 'The cookie is that of another sign-in.')
    return { flow, clear: cleared(name) }
  })
}

/** The form of a posted answer: at most 64 KiB, and of nobody who began no sign-in here. */
async function posted(request: Request, cookies: Map<string, string>): Promise<URLSearchParams> {
  if (![...cookies.keys()].some((name) => name.startsWith(prefix))) throw unknown()
  const { readFormPost } = await loaded(import('../core/oauth/form-post.ts'))
  return readFormPost(request.clone() as Request, { timeout: patience, signal: request.signal })
}

const unknown = () => new ClientAuthError('flow_unknown', 'No sign-in of this browser is known here; begin it again.')

const nameOf = async (state: string): Promise<string> => prefix + (await (await load()).digest(state))

const cleared = (name: string) => setCookie(name, '', 0)

const isFlow = (flow: unknown): flow is AuthCodeFlow =>
  isRecord(flow) && typeof flow.state === 'string' && typeof flow.authUri === 'string' && Number.isFinite(flow.expiresAt)
