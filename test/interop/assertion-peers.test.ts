import { ConfidentialClientApplication as MsalNode, type NodeAuthOptions } from '@azure/msal-node'
import { decodeProtectedHeader, importX509, jwtVerify } from 'jose'
import { type ClientCredential, ConfidentialClientApplication } from 'msal-isomorphic'
import { expect, test } from 'vitest'
import { createCertificate } from '../support/provider.ts'

// Client assertions beside those of MSAL Node, field by field; those of MSAL Python, which knows SHA-1 only, are in msal-python-wire.test.ts.
const authority = 'https://login.microsoftonline.com/c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0'
const endpoint = `${authority}/oauth2/v2.0/token`
const clientId = '3eb3eb3e-0000-4000-8000-00000000cccc'
const scopes = ['api://notes/.default']
const { privateKey, certificate, thumbprint, thumbprintSha256 } = createCertificate('assertion')
const metadata = {
  issuer: `${authority}/v2.0`,
  authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
  token_endpoint: endpoint,
  jwks_uri: `${authority}/discovery/v2.0/keys`,
}
const token = { access_token: 'a-token', token_type: 'Bearer', expires_in: 3600 }

async function ours(clientCredential: ClientCredential): Promise<string> {
  let form = ''
  const answer: typeof fetch = async (_input, init) => {
    if (!init?.body) return Response.json(metadata)
    form = String(init.body)
    return Response.json(token)
  }
  const app = new ConfidentialClientApplication({ clientId, authority, clientCredential, fetch: answer })
  await app.acquireTokenForClient({ scopes })
  return new URLSearchParams(form).get('client_assertion')!
}

async function theirs(clientCertificate: NonNullable<NodeAuthOptions['clientCertificate']>): Promise<string> {
  let form = ''
  const networkClient = {
    sendGetRequestAsync: async () => ({ status: 200, headers: {}, body: metadata as never }),
    async sendPostRequestAsync(_url: string, options?: { body?: string }) {
      form = options?.body ?? ''
      return { status: 200, headers: {}, body: token as never }
    },
  }
  const app = new MsalNode({ auth: { clientId, authority, clientCertificate }, system: { networkClient } })
  await app.acquireTokenByClientCredential({ scopes })
  return new URLSearchParams(form).get('client_assertion')!
}

/** What an assertion says. What differs each time is told by its form; jose has verified the rest. */
async function described(assertion: string) {
  const header = decodeProtectedHeader(assertion)
  // MSAL Node rounds, so that its nbf may be a moment ahead.
  const { payload } = await jwtVerify(assertion, await importX509(certificate, header.alg!), { clockTolerance: 5 })
  const { iat, exp, jti, ...claims } = payload
  const near = (seconds: number | undefined, expected: number) => Math.abs(seconds! - expected) < 30
  const now = Date.now() / 1000
  return { header, claims: { ...claims, iat: near(iat, now), exp: near(exp, now + 600), jti: jti?.length } }
}

/** `other` is what MSAL Node is given; without one, what `mine` says. */
test.each([
  {
    name: 'a certificate',
    mine: { privateKey, publicCertificate: certificate },
    other: { privateKey, thumbprintSha256, x5c: certificate },
    header: { alg: 'PS256', typ: 'JWT', 'x5t#S256': expect.any(String), x5c: [expect.any(String)] },
  },
  {
    name: 'a certificate after another',
    mine: { privateKey, publicCertificate: `${certificate}${createCertificate('issuer').certificate}` },
    header: { alg: 'PS256', typ: 'JWT', 'x5t#S256': expect.any(String), x5c: [expect.any(String), expect.any(String)] },
  },
  {
    name: 'a SHA-1 thumbprint',
    mine: { privateKey, thumbprint },
    other: { privateKey, thumbprint },
    header: { alg: 'RS256', typ: 'JWT', x5t: expect.any(String) },
  },
])('$name: the assertion says what MSAL Node’s says', async ({ mine, other, header }) => {
  const { publicCertificate: x5c = '' } = mine
  const clientCertificate = other ?? { privateKey, thumbprintSha256, x5c }
  const [one, two] = [await described(await ours(mine)), await described(await theirs(clientCertificate))]
  expect(one.header).toEqual(header)
  expect(one.header).toEqual(two.header)
  // RFC 7523, section 3: nbf is optional, and iat says as much here.
  const { nbf, ...claims } = two.claims
  expect(nbf).toEqual(expect.any(Number))
  expect(one.claims).toEqual(claims)
  expect(one.claims).toEqual({ aud: endpoint, iss: clientId, sub: clientId, iat: true, exp: true, jti: 36 })
})
