import { parseClaimsChallenge } from 'msal-isomorphic'
import { CliError } from './errors.js'
import { printable } from './output.js'

/** Calls the API. Resolves to its status, its JSON, and the claims challenge of a 401 that has one. */
export async function callApi(url, accessToken, signal) {
  let response
  let body
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    })
    body = parse(await response.text())
  } catch {
    throw new CliError(`The API at ${printable(new URL(url).origin)} cannot be reached.`)
  }
  const { status } = response
  return { status, body, claimsChallenge: status === 401 ? (parseClaimsChallenge(response.headers) ?? undefined) : undefined }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
