import { isAuthError } from 'msal-isomorphic'
import { challenge, challengeFor, validateAccessToken } from 'msal-isomorphic/edge'

/** @import { Visit } from './types.d.ts' */

/**
 * `GET /api/me`: an API of its own, for whoever has an access token for it: this Worker's page, or any other client. It asks the API
 * behind it on behalf of the person.
 *
 * @param {Pick<Visit, 'request' | 'app' | 'waitUntil'>} visit
 */
export async function api({ request, app, waitUntil }) {
  const { AUTHORITY: authority, API_URI: audience, API_CLIENT_ID, DOWNSTREAM } = app.env
  const needs = { scopes: [`${audience}/Notes.Read`], authority }
  const token = /^Bearer +([^\s]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (!token) return challenge(needs)
  try {
    await validateAccessToken(token, {
      audience: [audience, API_CLIENT_ID],
      authority,
      scopes: needs.scopes,
      knownAuthorities: app.knownAuthorities,
    })
  } catch (error) {
    return challengeFor(error, needs)
  }
  try {
    const { accessToken, tokenSource } = await app.api.acquireTokenOnBehalfOf({
      userAssertion: token,
      scopes: ['https://graph.microsoft.com/User.Read'],
      waitUntil,
    })
    const profile = await readDownstream(`${DOWNSTREAM}/me`, accessToken)
    return profile ? json({ profile, tokenSource }) : json({ error: 'downstream_failed' }, 502)
  } catch (error) {
    // What the provider wants of the person only the caller can ask them for.
    if (isAuthError(error) && error.code === 'interaction_required')
      return challenge({ ...needs, ...(error.claims && { claims: error.claims }) })
    throw error
  }
}

/**
 * What the API behind this one answers; undefined where it cannot be reached, or refuses.
 *
 * @param {string} url
 * @param {string} accessToken
 * @returns {Promise<unknown>}
 */
export async function readDownstream(url, accessToken) {
  try {
    const headers = { authorization: `Bearer ${accessToken}` }
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(30_000) })
    if (response.ok) return await response.json()
    await response.body?.cancel()
    console.error(`The API behind answered ${response.status}.`)
  } catch (error) {
    console.error(`The API behind cannot be reached: ${error}`)
  }
}

/**
 * @param {unknown} body
 * @param {number} [status]
 */
export const json = (body, status = 200) =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } })
