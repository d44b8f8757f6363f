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
  return { status, body, claimsChallenge: status === 401 ? claimsOf(response.headers.get('www-authenticate')) : undefined }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The `claims` of a `WWW-Authenticate: Bearer … claims="…"` header, which are JSON in base64. */
function claimsOf(header) {
  const encoded = /\bBearer\b.*\bclaims="([^"]+)"/i.exec(header ?? '')?.[1]
  const claims = encoded && Buffer.from(encoded, 'base64').toString()
  return claims && parse(claims) ? claims : undefined
}
