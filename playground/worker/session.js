import { readSessionCookie, sessionCookie, withCookies } from 'msal-isomorphic/edge'

/** @import { AccountInfo } from 'msal-isomorphic' */
/** @import { Session } from 'msal-isomorphic/edge' */
/** @import { App, Visit } from './types.d.ts' */

/** As long as a session lasts at most, in seconds. */
const longestSession = 7 * 24 * 3600

/** @param {string} homeAccountId */
const signOutKey = (homeAccountId) => `signed-out:${homeAccountId}`

/**
 * Who has signed in, by the cookie; null where it has expired, is not ours, or is older than the person's last sign-out: a copy of a
 * cookie does not come to life again when they sign in the next time.
 *
 * @param {Visit} visit
 * @returns {Promise<{ session: Session, account: AccountInfo } | null>}
 */
export async function currentUser({ request, app }) {
  const session = await readSessionCookie(request, app.cookieKeys)
  if (!session) return null
  const [account, signedOut] = await Promise.all([app.web.getAccount(session), app.env.KV.get(signOutKey(session.homeAccountId))])
  return account && session.signedInAt > Number(signedOut) ? { session, account } : null
}

/**
 * An answer for a person, which no cache may keep, and which prolongs their session.
 *
 * @param {App} app
 * @param {Session} session
 * @param {Response} response
 */
export async function answerTo(app, session, response) {
  return withCookies(response, [await sessionCookie(session, app.cookieKeys)])
}

/**
 * Ends the sessions of a person, and removes their tokens.
 *
 * @param {App} app
 * @param {AccountInfo} account
 */
export async function endSessions(app, account) {
  await app.env.KV.put(signOutKey(account.homeAccountId), String(Date.now()), { expirationTtl: longestSession })
  await app.web.removeAccount(account)
}
