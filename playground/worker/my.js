import { parseClaimsChallenge } from 'msal-isomorphic'
import { api, json } from './api.js'
import { answerTo, currentUser } from './session.js'

/** @import { Visit } from './types.d.ts' */

/**
 * `GET /my/profile`: what the page asks, with its cookie. The token that the API wants is added here; the browser never has one.
 *
 * @param {Visit} visit
 */
export async function myProfile(visit) {
  const user = await currentUser(visit)
  if (!user) return json({ error: 'signed_out' }, 401)
  const { app, waitUntil } = visit
  const { account, session } = user
  const scopes = [`${app.env.API_URI}/Notes.Read`]

  /** @param {string} [claimsChallenge] */
  async function ask(claimsChallenge) {
    const result = await app.web.acquireTokenSilent({ scopes, account, waitUntil, ...(claimsChallenge && { claimsChallenge }) })
    if (!result) return null
    const request = new Request(`${app.env.ORIGIN}/api/me`, { headers: { authorization: `Bearer ${result.accessToken}` } })
    return { response: await api({ request, app, waitUntil }), tokenSource: result.tokenSource }
  }

  let asked = await ask()
  const claims = asked && parseClaimsChallenge(asked.response.headers)
  if (claims) asked = await ask(claims)
  // Their tokens are gone, or the provider wants to see them: the session cannot help.
  if (!asked || asked.response.status === 401) return json({ error: 'interaction_required', ...(claims && { claims }) }, 401)
  const { response, tokenSource } = asked
  const body = /** @type {Record<string, unknown>} */ (await response.json())
  return answerTo(app, session, json({ user: account.username, ...body, apiTokenSource: tokenSource }, response.status))
}
