import { parseClaimsChallenge } from 'msal-isomorphic'
import { type Auth, readNotes, writeNotes } from './auth.ts'

/** A request to the API. Plain JSON, so that it can wait for a person who has to leave the page and sign in again. */
export interface Ask {
  path: string
  /** Adds a note; without it, something is read. */
  text?: string
}

export type Answer =
  | { status: number; body: unknown; challenged: boolean }
  /** Only the person can help: by signing in again, with these claims where there are any. */
  | { needsSignIn: true; scopes: string[]; claimsChallenge: string | undefined }

/** Calls the API with an access token. A claims challenge is answered in silence first. */
export async function callApi(auth: Auth, send: typeof fetch, origin: string, ask: Ask, signal: AbortSignal): Promise<Answer> {
  const { path, text } = ask
  const scopes = text === undefined ? readNotes : writeNotes
  const call = (accessToken: string) =>
    send(origin + path, {
      method: text === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${accessToken}`, ...(text !== undefined && { 'content-type': 'application/json' }) },
      body: text === undefined ? null : JSON.stringify({ text }),
      signal,
    })

  let claimsChallenge: string | undefined
  for (;;) {
    const token = await auth.token({ scopes, signal, ...(claimsChallenge && { claimsChallenge }) })
    if (!token) return { needsSignIn: true, scopes, claimsChallenge }
    const response = await call(token.accessToken)
    const challenge = response.status === 401 ? parseClaimsChallenge(response.headers) : null
    // A second challenge means that the new token did not help.
    if (!challenge || claimsChallenge)
      return { status: response.status, body: await response.json().catch(() => null), challenged: !!claimsChallenge }
    claimsChallenge = challenge
  }
}
