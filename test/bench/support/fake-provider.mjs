/** The Microsoft identity platform in the smallest form that both libraries accept, in this process. */
import { clientId, host } from './fixtures.mjs'

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * The JSON that a request is answered with.
 *
 * @param form the body that was posted
 * @param home whose tokens these are, `uid.utid`; without it they are the application's own
 */
export function body(url, form, home) {
  const { pathname, searchParams } = new URL(url)
  if (pathname.endsWith('/discovery/instance')) {
    const endpoint = new URL(searchParams.get('authorization_endpoint'))
    const tenant = endpoint.pathname.split('/')[1]
    const metadata = [{ preferred_network: host, preferred_cache: host, aliases: [host] }]
    return { tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`, 'api-version': '1.1', metadata }
  }
  const root = `https://${host}/${pathname.split('/')[1]}`
  if (pathname.endsWith('/openid-configuration')) {
    return {
      issuer: `${root}/v2.0`,
      authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
      token_endpoint: `${root}/oauth2/v2.0/token`,
      end_session_endpoint: `${root}/oauth2/v2.0/logout`,
      jwks_uri: `${root}/discovery/v2.0/keys`,
    }
  }
  const tokens = { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600, access_token: `fresh-${'t'.repeat(1800)}` }
  if (!home) return tokens
  const [uid, utid] = home.split('.')
  return {
    ...tokens,
    scope: new URLSearchParams(String(form)).get('scope'),
    refresh_token: `fresh-${'r'.repeat(1100)}`,
    client_info: base64url({ uid, utid }),
    id_token: idToken(root, { oid: uid, tid: utid }),
  }
}

export function idToken(root, claims) {
  const now = Math.floor(Date.now() / 1000)
  const sub = `subject-${Number.parseInt(claims.oid?.slice(-12) ?? '0', 16)}`
  const all = { iss: `${root}/v2.0`, aud: clientId, iat: now, nbf: now, exp: now + 3600, sub, ver: '2.0', ...claims }
  return `${base64url({ typ: 'JWT', alg: 'RS256', kid: 'a-key' })}.${base64url(all)}.c2lnbmF0dXJl`
}

/** The same as a fetch answers. */
export const answer = (url, form, home) => Response.json(body(String(url), form, home))
