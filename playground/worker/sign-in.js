import { isAuthError } from 'msal-isomorphic'
import { clearSessionCookie, flowCookies, readFlowCookie, sessionCookie, withCookies } from 'msal-isomorphic/edge'
import { failurePage } from './pages.js'
import { safeReturnTo } from './return-to.js'
import { currentUser, endSessions } from './session.js'

/** @import { AuthCodeFlow } from 'msal-isomorphic' */
/** @import { Visit } from './types.d.ts' */

/**
 * `GET /sign-in?returnTo=/profile`: sends the person to the provider. What the answer will be checked against, and where the person
 * goes afterwards, wait in a sealed cookie. With `claims`, the person has to satisfy a claims challenge.
 *
 * @param {Visit} visit
 */
export async function signIn({ request, url, app, waitUntil }) {
  const { ORIGIN, API_URI } = app.env
  const claimsChallenge = claimsIn(url.searchParams.get('claims'))
  const flow = await app.web.initiateAuthCodeFlow({
    scopes: [`${API_URI}/Notes.Read`],
    redirectUri: `${ORIGIN}/callback`,
    waitUntil,
    ...(claimsChallenge && { claimsChallenge }),
  })
  const returnTo = safeReturnTo(url.searchParams.get('returnTo'), ORIGIN)
  return withCookies(redirect(flow.authUri), await flowCookies({ ...flow, returnTo }, app.cookieKeys, request))
}

/**
 * A claims challenge that came by way of the page; undefined for what is none, or too long for a cookie.
 *
 * @param {string | null} text
 */
function claimsIn(text) {
  try {
    const claims = JSON.parse(text ?? '')
    return text && text.length <= 1000 && claims && typeof claims === 'object' && !Array.isArray(claims) ? text : undefined
  } catch {
    return undefined
  }
}

/**
 * `GET /callback`: where the provider sends the person back to. A sign-in is over with its first answer, whatever that is.
 *
 * @param {Visit} visit
 */
export async function callback({ request, app, waitUntil }) {
  const { flow, clear } = await readFlowCookie(request, app.cookieKeys)
  try {
    const { account } = await app.web.acquireTokenByAuthCodeFlow({ flow, response: request, waitUntil })
    const { returnTo } = /** @type {AuthCodeFlow & { returnTo?: unknown }} */ (flow)
    const home = redirect(app.env.ORIGIN + safeReturnTo(returnTo, app.env.ORIGIN))
    // A session of its own: nothing of one that was here before is taken over.
    return withCookies(home, [clear, await sessionCookie(account, app.cookieKeys)])
  } catch (error) {
    return withCookies(failurePage(error), [clear])
  }
}

/**
 * `POST /sign-out`: forgets the person here, then has the provider do the same. Only a form of this site may ask for it.
 *
 * @param {Visit} visit
 */
export async function signOut(visit) {
  const { request, app, waitUntil } = visit
  const { ORIGIN } = app.env
  if (request.headers.get('origin') !== ORIGIN) return new Response('Forbidden', { status: 403 })
  const user = await currentUser(visit)
  let next = `${ORIGIN}/`
  if (user) {
    const { account } = user
    // Before the account goes, for its id token tells the provider whom to sign out.
    next = await app.web.getLogoutUrl({ account, postLogoutRedirectUri: next, waitUntil }).catch((error) => {
      if (!isAuthError(error)) throw error
      return next
    })
    await endSessions(app, account)
  }
  return withCookies(redirect(next), [clearSessionCookie()])
}

/**
 * 303: whatever the request was, the next one is a GET.
 *
 * @param {string} location
 */
export const redirect = (location) => Response.redirect(location, 303)
