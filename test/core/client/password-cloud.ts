import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { find, readXml } from '../../../src/core/grants/ws-trust/xml.ts'
import { mex, port13, port2005, rstr, saml11, soapFault } from '../grants/ws-trust/documents.ts'

export interface Hit {
  /** `cloud` or `company`. */
  server: string
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** What one request is answered with instead of the usual. */
export type Answer = (response: ServerResponse, hit: Hit) => void

export const clientId = '00000000-0000-0000-0000-00000000c11e'
export const tenantId = '11111111-2222-3333-4444-555555555555'
export const mia = { username: 'mia@contoso.example', password: 'CANARY-p&ss<word>"\'' }

export const answerWith =
  (status: number, body: string | object = '', headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))

const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A cloud that knows no passwords but `managed`, and a company whose server issues assertions: both on this machine, over plain HTTP. */
export async function startCloud(authorityPath = 'contoso.example') {
  const hits: Hit[] = []
  /** By the end of the path. */
  const instead = new Map<string, Answer>()
  const people = new Map([[mia.username, mia.password]])
  const state = { people, assertion: saml11, realm: {} as object, idToken: true }

  const company = await listen('company', hits, instead, (response, { path, body, headers }) => {
    if (path.endsWith('/mex')) {
      const trust = `${company.origin}/adfs/services/trust`
      return response.end(mex([port2005(`${trust}/2005/usernamemixed`), port13(`${trust}/13/usernamemixed`)]))
    }
    const [username, password] = readXml({ status: 200, headers: new Headers(), body }, undefined, (root) =>
      ['Username', 'Password'].map((name) => find(root, 'Header', 'Security', 'UsernameToken', name)[0]!.text),
    )
    const version = path.includes('/13/') ? '1.3' : '2005'
    const expected = version === '1.3' ? /ws-sx\/ws-trust\/200512\/RST\/Issue$/ : /2005\/02\/trust\/RST\/Issue$/
    const good = state.people.get(username!) === password && expected.test(String(headers.soapaction))
    response.writeHead(good ? 200 : 500, { 'content-type': 'application/soap+xml; charset=utf-8' })
    response.end(
      good
        ? rstr({ version, assertion: state.assertion, before: '\r\n  ' })
        : soapFault({ reason: `ID3242: ${username} / ${content(password!)}` }),
    )
  })

  const cloud = await listen('cloud', hits, instead, (response, { path, body }) => {
    const issuer = `${cloud.origin}/${authorityPath}${authorityPath === 'adfs' ? '' : '/v2.0'}`
    response.setHeader('content-type', 'application/json')
    if (path.includes('/openid-configuration')) {
      const endpoints = {
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${cloud.origin}/${authorityPath}/oauth2/v2.0/token`,
      }
      return response.end(JSON.stringify({ issuer, ...endpoints }))
    }
    if (path.startsWith('/common/userrealm/')) return response.end(JSON.stringify(state.realm))
    const form = new URLSearchParams(body)
    const given = form.get('assertion') && Buffer.from(form.get('assertion')!, 'base64url').toString()
    if (given ? given !== state.assertion : form.get('password') !== 'managed') {
      const error_description = `AADSTS50126: ${form.get('username')} / ${form.get('password')} / ${form.get('assertion')}`
      return response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description, error_codes: [50126] }))
    }
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      sub: 's',
      aud: clientId,
      exp: now + 3600,
      iat: now,
      oid: 'o',
      tid: tenantId,
      preferred_username: mia.username,
    }
    const idToken = { id_token: `${b64({ alg: 'RS256' })}.${b64(claims)}.c2ln`, client_info: b64({ uid: 'o', utid: tenantId }) }
    const token = { access_token: 'CANARY-at', token_type: 'Bearer', expires_in: 3600, refresh_token: 'CANARY-rt', scope: 'User.Read' }
    response.end(JSON.stringify({ ...token, ...(state.idToken && idToken) }))
  })

  state.realm = { account_type: 'Managed' }
  return {
    hits,
    instead,
    state,
    authority: `${cloud.origin}/${authorityPath}`,
    cloud: cloud.origin,
    company: company.origin,
    federate(more: object = {}) {
      state.realm = { account_type: 'Federated', federation_metadata_url: `${company.origin}/adfs/services/trust/mex`, ...more }
    },
    /** The requests so far, shortly. */
    seen: () =>
      hits.map(
        ({ server, method, path }) =>
          `${server} ${method} ${path
            .split('/')
            .at(-1)!
            .replace(/^.*(?=\?)/, '')}`,
      ),
    async close() {
      await Promise.all([cloud.close(), company.close()])
    },
  }
}

const content = (text: string) => text.replace(/[&<]/g, (character) => `&#${character.charCodeAt(0)};`)

async function listen(name: string, hits: Hit[], instead: Map<string, Answer>, answer: Answer) {
  const server = createServer(async (request, response) => {
    const hit: Hit = { server: name, method: request.method!, path: request.url!, headers: request.headers, body: '' }
    for await (const chunk of request) hit.body += chunk
    hits.push(hit)
    const [, other] = [...instead].find(([end]) => hit.path.endsWith(end)) ?? []
    ;(other ?? answer)(response, hit)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  }
}
