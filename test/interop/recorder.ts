import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The name under which both libraries know the recorder; each maps it to `url`. */
export const authority = 'https://login.recorder.example/c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0'

export interface Recorded {
  method: string
  path: string
  query: Record<string, string>
  form: Record<string, string>
  headers: IncomingHttpHeaders
}

export const federatedName = 'fred@works.contoso.example'

export const person = { username: 'alice@contoso.example', password: 'a password & more', oid: 'a11ce000-0000-4000-8000-00000000c001' }
const { origin, pathname } = new URL(authority)
const tid = pathname.slice(1)
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What both libraries are told about who signed in. */
export const clientInfo = base64url({ uid: person.oid, utid: tid })

/** An envelope without what differs each time, and without what means the same in XML: space, quotes, spellings of an ampersand. */
const canonical = (xml: string): string =>
  xml
    .trim()
    .replace(/>\s+</g, '><')
    .replace(/\s+/g, ' ')
    .replaceAll("'", '"')
    .replaceAll('&#38;', '&amp;')
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/, '(a UUID)')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '(a time)')

/** A server that writes down what it is asked, and always answers well. */
export async function startRecorder() {
  const flows = new Map<string, Recorded[]>()
  let requests: Recorded[] = []
  let nonce: string | undefined
  let pending = 0

  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { pathname: path, searchParams } = new URL(request.url!, origin)
    const form: Record<string, string> = body.startsWith('<')
      ? { envelope: canonical(body) }
      : Object.fromEntries(new URLSearchParams(body))
    requests.push({ method: request.method!, path, query: Object.fromEntries(searchParams), form, headers: request.headers })
    if (path.endsWith('/usernamemixed')) {
      response.writeHead(200, { 'content-type': 'application/soap+xml; charset=utf-8' }).end(rstr)
      return
    }
    const { status, json } = answer(path, form)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  })

  function answer(path: string, form: Record<string, string>): { status: number; json: object } {
    if (path.endsWith('/.well-known/openid-configuration')) return { status: 200, json: discovery }
    if (path.includes('/userrealm/')) return { status: 200, json: path.includes('works') ? federatedRealm : managedRealm }
    if (path.endsWith('/devicecode')) {
      pending = 1
      return { status: 200, json: device }
    }
    if (form.device_code && pending-- > 0) {
      return { status: 400, json: { error: 'authorization_pending', error_description: 'AADSTS70016: pending', error_codes: [70016] } }
    }
    return { status: 200, json: tokens(form) }
  }

  function tokens({ client_id: aud, scope, grant_type: grantType }: Record<string, string>): object {
    const token = { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: 'an-access-token' }
    if (grantType === 'client_credentials') return token
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: discovery.issuer,
      aud,
      sub: 'the-subject',
      iat: now,
      nbf: now,
      exp: now + 3600,
      auth_time: now,
      ver: '2.0',
      tid,
      oid: person.oid,
    }
    const idToken = { ...claims, preferred_username: person.username, name: 'Alice', ...(nonce && { nonce }) }
    return {
      ...token,
      scope: scope ?? 'openid profile api://notes/Notes.Read',
      refresh_token: 'a-refresh-token',
      id_token: `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(idToken)}.c2lnbmF0dXJl`,
      client_info: clientInfo,
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    flows,
    /** From now on everything belongs to that flow. */
    begin(name: string) {
      requests = []
      nonce = undefined
      flows.set(name, requests)
    },
    /** Notes an authorization request, which a browser would make, and gives the parameters of the answer. */
    authorize(address: string): Record<string, string> {
      const { pathname: path, searchParams } = new URL(address)
      const query = Object.fromEntries(searchParams)
      requests.push({ method: 'GET', path, query, form: {}, headers: {} })
      nonce = query.nonce
      return { code: 'a-code', state: query.state ?? '', client_info: clientInfo }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export type Recorder = Awaited<ReturnType<typeof startRecorder>>

const discovery = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: `${authority}/oauth2/v2.0/token`,
  device_authorization_endpoint: `${authority}/oauth2/v2.0/devicecode`,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
}

const managedRealm = { ver: '1.0', account_type: 'Managed', domain_name: 'contoso.example' }
const federatedRealm = {
  ver: '1.0',
  account_type: 'Federated',
  federation_protocol: 'WSTrust',
  federation_active_auth_url: `${origin}/adfs/services/trust/2005/usernamemixed`,
  cloud_audience_urn: 'urn:federation:MicrosoftOnline',
}
const samlType = 'urn:oasis:names:tc:SAML:1.0:assertion'
const rstr = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>\
<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust"><t:TokenType>${samlType}</t:TokenType>\
<t:RequestedSecurityToken><saml:Assertion xmlns:saml="${samlType}">Ünsigned</saml:Assertion></t:RequestedSecurityToken>\
</t:RequestSecurityTokenResponse></s:Body></s:Envelope>`

const device = {
  device_code: 'a-device-code',
  user_code: 'ABCD-EFGH',
  verification_uri: `${origin}/device`,
  expires_in: 900,
  interval: 1,
  message: 'Open the page and enter the code.',
}
