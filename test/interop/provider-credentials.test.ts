import { createPrivateKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCertificate, type Playground, startPlayground, tenants } from '../support/provider.ts'

// Client assertions are checked for real: signature, certificate, audience, times.
const { contoso } = tenants
let playground: Playground
beforeAll(async () => {
  playground = await startPlayground({ https: false })
})
afterAll(() => playground.close())

interface Choice {
  provider?: Playground['provider']
  alg?: 'RS256' | 'PS256'
  header?: Record<string, string>
  tenant?: string
  /** Signs instead of the client's own key. */
  privateKey?: string
  claims?: Record<string, unknown>
}

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

async function ask(choice: Choice = {}) {
  const { provider = playground.provider, alg = 'PS256', header, tenant = contoso.id, privateKey, claims = {} } = choice
  const { webCertificate } = provider.clients
  const { clientId, thumbprintSha256 } = webCertificate
  const endpoint = `${provider.url}/${tenant}/oauth2/v2.0/token`
  const now = Math.floor(Date.now() / 1000)
  const all = { iss: clientId, sub: clientId, aud: endpoint, jti: randomUUID(), iat: now, exp: now + 600, ...claims }
  const assertion = await new SignJWT(all)
    .setProtectedHeader({ alg, typ: 'JWT', ...(header ?? { 'x5t#S256': base64url(thumbprintSha256) }) })
    .sign(createPrivateKey(privateKey ?? webCertificate.privateKey))
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    scope: 'api://notes/.default',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
  const send = async () => {
    const response = await fetch(endpoint, { method: 'POST', body })
    const { access_token, error, error_codes } = await response.json()
    return { status: response.status, token: typeof access_token, error, codes: error_codes }
  }
  return { ...(await send()), send }
}

test.each(['RS256', 'PS256'] as const)('%s is taken, with either thumbprint, padded or not, and a second time', async (alg) => {
  const { thumbprint, thumbprintSha256 } = playground.provider.clients.webCertificate
  const headers = [{ x5t: base64url(thumbprint) }, { x5t: `${base64url(thumbprint)}=` }, { 'x5t#S256': base64url(thumbprintSha256) }]
  for (const header of headers) {
    const answer = await ask({ alg, header })
    expect(answer).toMatchObject({ status: 200, token: 'string' })
    expect(await answer.send()).toMatchObject({ status: 200 })
  }
})

test('the audience is the token endpoint as it was addressed: by id or by domain', async () => {
  expect(await ask({ tenant: contoso.domain })).toMatchObject({ status: 200 })
  expect(await ask({ claims: { aud: 'https://login.example/other' } })).toMatchObject({
    status: 401,
    error: 'invalid_client',
    codes: [700023],
  })
})

test('another key, another certificate, a late assertion are refused', async () => {
  const other = createCertificate('other')
  const refused = { status: 401, error: 'invalid_client' }
  expect(await ask({ privateKey: other.privateKey })).toMatchObject({ ...refused, codes: [700027] })
  expect(await ask({ header: { 'x5t#S256': base64url(other.thumbprintSha256) } })).toMatchObject({ ...refused, codes: [700027] })
  expect(await ask({ header: {} })).toMatchObject({ ...refused, codes: [700027] })
  expect(await ask({ claims: { exp: Math.floor(Date.now() / 1000) - 3600 } })).toMatchObject({ ...refused, codes: [700024] })
  expect(await ask({ claims: { iss: 'somebody' } })).toMatchObject(refused)
})

test('a caller may bring its own certificate', async () => {
  const { certificate, privateKey } = createCertificate('own')
  await using own = await startPlayground({ certificate, https: false })
  const { provider } = own
  expect(await ask({ provider, privateKey })).toMatchObject({ status: 200 })
})
