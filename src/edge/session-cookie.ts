import { ClientConfigurationError } from '../core/errors.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { guarded } from '../core/util/guarded.ts'
import { loaded } from '../core/util/loaded.ts'
import { isRecord } from '../core/util/record.ts'
import { readCookies, setCookie } from './cookie.ts'
import type { SealKeys } from './seal-flow.ts'

/** Who is signed in. It holds no token: those are in the token cache. */
export interface Session {
  /** For `getAccount`. */
  homeAccountId: string
  /** The tenant that they signed in to. */
  tenantId: string
  /** Milliseconds since 1970. */
  signedInAt: number
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** Options of {@link sessionCookie}. */
export interface SessionCookieOptions {
  /** Milliseconds that the session lasts without a visit. Default 8 hours. */
  maxAge?: number | undefined
  /** Milliseconds after which the person has to sign in again, however often they come. Default 7 days. */
  maxLife?: number | undefined
}

const name = '__Host-session'
const hour = 3600_000

const load = () => loaded(import('./seal.ts'))

/**
 * The `Set-Cookie` text that remembers who is signed in: encrypted like a flow, but never taken for one. `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`.
 *
 * Given the account of a sign-in it begins a session; given a session it prolongs that one, without outliving `maxLife`. Send it with each
 * answer for a session that rolls. It ends only by itself or in its own browser; to end it from the server, remove the account from the token cache.
 *
 * @throws ClientConfigurationError `invalid_argument`: no usable key, or no account
 * @example
 * ```ts
 * const session = await readSessionCookie(request, env.COOKIE_KEY)
 * const account = session && (await app.getAccount(session))
 * if (!account) return Response.redirect(`${home}sign-in`)
 * return withCookies(await render(account), [await sessionCookie(session, env.COOKIE_KEY)])
 * ```
 */
export async function sessionCookie(
  account: Pick<Session, 'homeAccountId' | 'tenantId'> & { signedInAt?: number },
  keys: SealKeys,
  options: SessionCookieOptions = {},
): Promise<string> {
  return guarded(async () => {
    checkOptions(options)
    const { maxAge = 8 * hour, maxLife = 7 * 24 * hour } = options
    const { homeAccountId, tenantId, signedInAt = Date.now() } = account
    const times = [maxAge, maxLife, signedInAt]
    if (
      ![homeAccountId, tenantId].every((text) => typeof text === 'string' && text) ||
      !times.every((time) => typeof time === 'number' && time > 0)
    )
      throw new ClientConfigurationError(
        'invalid_argument',
        'A session needs an account, and times that are positive numbers of milliseconds.',
      )
    const expiresAt = Math.min(Date.now() + maxAge, signedInAt + maxLife)
    const session: Session = { homeAccountId, tenantId, signedInAt, expiresAt }
    return setCookie(name, await (await load()).seal('session', session, keys), expiresAt - Date.now())
  })
}

/**
 * Who is signed in, by the request's cookie; null where it has none, or one that has expired or that no key opens.
 *
 * @throws ClientConfigurationError `invalid_argument`: no usable key
 * @example
 * ```ts
 * const session = await readSessionCookie(request, [env.COOKIE_KEY, env.OLD_COOKIE_KEY])
 * ```
 */
export async function readSessionCookie(request: Request, keys: SealKeys): Promise<Session | null> {
  return guarded(async () => {
    const session = await (await load()).open<Session>('session', readCookies(request).get(name), keys)
    return isRecord(session) && session.expiresAt > Date.now() ? session : null
  })
}

/**
 * The `Set-Cookie` text that signs the person out of this browser.
 *
 * @example
 * ```ts
 * return withCookies(Response.redirect(await app.getLogoutUrl({ account })), [clearSessionCookie()])
 * ```
 */
export const clearSessionCookie = (): string => setCookie(name, '', 0)
