import { ClientConfigurationError } from '../core/errors.ts'

/** A `Set-Cookie` header (RFC 6265 section 4.1) that no other host and no script can read or plant. An age of 0 deletes the cookie. */
export function setCookie(name: string, value: string, maxAge: number, sameSite: 'Lax' | 'None' = 'Lax'): string {
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(maxAge / 1000))}; Secure; HttpOnly; SameSite=${sameSite}`
}

/** The cookies of a request in the browser's order, which is that of their age. A name that comes twice counts as absent: one of the two was planted. */
export function readCookies(request: Request): Map<string, string> {
  const header = request.headers.get('cookie') ?? ''
  const cookies = new Map<string, string>()
  const twice = new Set<string>()
  for (const pair of header.length > 65_536 ? [] : header.split(';')) {
    const cut = pair.indexOf('=')
    const name = pair.slice(0, cut).trim()
    if (cut < 0 || !name) continue
    if (cookies.has(name)) twice.add(name)
    cookies.set(name, pair.slice(cut + 1).trim())
  }
  for (const name of twice) cookies.delete(name)
  return cookies
}

/**
 * A copy of a response that sets cookies, and that no cache keeps or gives to somebody else (RFC 9111 section 5.2.2). It also takes the
 * answer of `Response.redirect`, whose headers nobody can change.
 *
 * @param cookies `Set-Cookie` texts, as {@link flowCookies} and {@link sessionCookie} make them
 * @example
 * ```ts
 * return withCookies(Response.redirect(home), [clearSessionCookie()])
 * ```
 */
export function withCookies(response: Response, cookies: readonly string[]): Response {
  if (typeof response?.headers?.get !== 'function' || !Array.isArray(cookies))
    throw new ClientConfigurationError('invalid_argument', 'A response and an array are needed.')
  const copy = new Response(response.body, response)
  for (const cookie of cookies) copy.headers.append('set-cookie', cookie)
  copy.headers.set('cache-control', 'private, no-store')
  copy.headers.append('vary', 'Cookie')
  return copy
}
