import { IncomingMessage } from 'node:http'
import { hasNeedlessCredential } from './clients.mjs'
import { isDirect, passwordGrant } from './direct-grants.mjs'
import { graph, isKnown, parseScopes } from './resources.mjs'

const bodyLimit = 256 * 1024

/** Reads a request's body, within reason. */
export async function readBody(req) {
  const chunks = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size > bodyLimit) throw new RangeError('the request body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A copy of a request with another URL and body, for a provider that finds its own paths and parameter names in it. */
export function forwarded(req, { base, url, body, ...extra }) {
  const copy = new IncomingMessage(req.socket)
  const { host, protocol } = new URL(base)
  Object.assign(copy, { method: req.method, httpVersion: req.httpVersion, complete: true, url, ...extra })
  copy.headers = { ...req.headers, host, 'x-forwarded-proto': protocol.slice(0, -1) }
  if (body) copy.headers['content-length'] = String(body.length)
  delete copy.headers['transfer-encoding']
  delete copy.headers['x-forwarded-host']
  if (body?.length) copy.push(body)
  copy.push(null)
  return copy
}

/** Entra knows resources by the scopes; oidc-provider by the `resource` parameter. This translates the parameters of a sign-in. */
export function shapeAuthorizationParameters(parameters) {
  const { openid, byResource } = parseScopes(parameters.get('scope') ?? '', parameters.get('client_id'))
  if (!parameters.has('scope')) return parameters
  const shaped = new URLSearchParams(parameters)
  shaped.set('scope', [...openid, ...[...byResource.values()].flat()].join(' '))
  shaped.delete('resource')
  for (const resource of byResource.size ? byResource.keys() : [graph]) shaped.append('resource', resource)
  return shaped
}

/** The same for a token request. Refuses (by returning an error for `translate`) what Entra refuses and oidc-provider would not. */
export function shapeTokenForm({ form, client, store, origin, shared }) {
  const { resource: _ignored, ...shaped } = form
  // MSAL Node still asks by the name that the grant had before RFC 8628.
  if (form.grant_type === 'device_code') shaped.grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const refusal = refusalOf({ form, client, origin, shared })
  if (refusal) return { refusal }
  const fallback = form.grant_type === 'refresh_token' ? store.requestedScope(form.refresh_token) : undefined
  const scope = form.scope || fallback
  if (scope === undefined) return { shaped: isDirect(form.grant_type) ? { ...shaped, resource: graph } : shaped }
  const { openid, byResource } = parseScopes(scope, form.client_id)
  if (byResource.size > 1) {
    return { refusal: { code: 28000, error: 'invalid_request', text: 'The scope parameter contains more than one resource.' } }
  }
  const foreign = [...byResource.keys()].find((resource) => !isKnown(resource, client?.clientId))
  if (foreign)
    return { refusal: { code: 500011, error: 'invalid_resource', text: `The resource principal named ${foreign} was not found.` } }
  shaped.scope = [...openid, ...[...byResource.values()].flat()].join(' ')
  if (byResource.size) shaped.resource = [...byResource.keys()][0]
  else if (form.grant_type === 'refresh_token' || isDirect(form.grant_type)) shaped.resource = graph
  return { shaped }
}

function refusalOf({ form, client, origin, shared }) {
  if (shared && form.grant_type === 'client_credentials') {
    return { code: 50059, error: 'invalid_request', text: 'No tenant-identifying information found in the request.' }
  }
  if (shared === 'common' && form.grant_type === passwordGrant) {
    const text =
      'The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.'
    return { code: 9001023, error: 'invalid_request', text }
  }
  if (client && hasNeedlessCredential(client, form)) {
    return { code: 700025, error: 'invalid_client', text: 'The client is public, so no client credential may be presented.' }
  }
  if (client?.type === 'spa' && !origin && form.grant_type !== undefined) {
    const text = "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests."
    return { code: 9002327, error: 'invalid_request', text }
  }
  return undefined
}
