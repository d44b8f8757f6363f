/** What the library adds to a bundle: at once, and when a part is needed. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { bundle, filesLoadedBy, installLibrary, total } from './support/bundle.mjs'
import { answer, body, idToken } from './support/fake-provider.mjs'
import { accountOf, appScopes, authority, clientId, scopes, userCache } from './support/fixtures.mjs'
import { atMost, count, goal } from './support/report.mjs'

/** Bytes, gzipped: what is aimed at, and what fails. */
const firstLoad = { aim: 7_700, limit: 8_192 }
const clientCredentials = { aim: 14 * 1024, limit: 14.25 * 1024 }
const userTokens = { limit: 25_088 }

/** The functions of oauth4webapi that a sign-in by code and the renewal of its tokens take. */
const peerSignIn = `export {
  discoveryRequest, processDiscoveryResponse, generateRandomCodeVerifier, calculatePKCECodeChallenge, generateRandomState,
  generateRandomNonce, validateAuthResponse, authorizationCodeGrantRequest, processAuthorizationCodeResponse,
  getValidatedIdTokenClaims, refreshTokenGrantRequest, processRefreshTokenResponse, None, AuthorizationResponseError, ResponseBodyError,
} from 'oauth4webapi'`
const peerApp = `export {
  discoveryRequest, processDiscoveryResponse, clientCredentialsGrantRequest, processClientCredentialsResponse, PrivateKeyJwt,
} from 'oauth4webapi'`

const openidClientApp = `export { discovery, clientCredentialsGrant, PrivateKeyJwt } from 'openid-client'`

const account = accountOf(0)
const home = account.homeAccountId
const fetchFor = (owner) => async (url, init) => answer(url, init?.body, owner)

/** What an application does, after which is seen what it has loaded. */
const uses = {
  async hit({ PublicClientApplication, SerializableTokenCache }) {
    const tokenCache = new SerializableTokenCache()
    tokenCache.deserialize(userCache(1))
    const app = new PublicClientApplication({ clientId, authority, tokenCache })
    assert.equal((await app.acquireTokenSilent({ scopes, account })).tokenSource, 'cache')
  },
  async signIn({ PublicClientApplication }) {
    let nonce
    const fetch = async (url, init) => {
      const json = body(String(url), init?.body, home)
      if (json.id_token) json.id_token = idToken(authority, { oid: account.localAccountId, tid: account.tenantId, nonce })
      return Response.json(json)
    }
    const app = new PublicClientApplication({ clientId, authority, fetch })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    nonce = new URL(flow.authUri).searchParams.get('nonce')
    await app.acquireTokenByAuthCodeFlow({ flow, response: { code: 'a-code', state: flow.state } })
    assert(await app.acquireTokenSilent({ scopes, account, forceRefresh: true }))
  },
  async certificate({ ConfidentialClientApplication }) {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const clientCredential = { privateKey, thumbprint: 'ab'.repeat(20) }
    const app = new ConfidentialClientApplication({ clientId, authority, clientCredential, fetch: fetchFor() })
    assert.equal((await app.acquireTokenForClient({ scopes: appScopes })).tokenSource, 'identity_provider')
  },
}

const importOf = (names) => `export { ${names} } from 'msal-isomorphic'`
const row = (name, { min, gz }) => [name, count(min), count(gz)]

export async function run() {
  const { entryPoints } = await installLibrary()
  const publicClient = await bundle(importOf('PublicClientApplication'))
  const withCache = await bundle(importOf('PublicClientApplication, SerializableTokenCache'))
  const confidential = await bundle(importOf('ConfidentialClientApplication'))
  const isAuthError = await bundle(importOf('isAuthError'))
  const oneFile = { splitting: false }
  const firstOf = ({ files }) => total(files.filter(({ first }) => first))

  const first = firstOf(publicClient)
  const hit = total(await filesLoadedBy(withCache, uses.hit))
  const signIn = total(await filesLoadedBy(publicClient, uses.signIn))
  const certificate = total(await filesLoadedBy(confidential, uses.certificate))
  const app = [
    row('PublicClientApplication: first load', first),
    row('… and SerializableTokenCache: a silent hit', hit),
    row('PublicClientApplication: sign-in by code, renewal', signIn),
    row('ConfidentialClientApplication: first load', firstOf(confidential)),
    row('ConfidentialClientApplication: client credentials by certificate', certificate),
    row('isAuthError alone', firstOf(isAuthError)),
    // What a bundler makes that does not split, as wrangler does: every lazy part is in it, used or not.
    row(
      'ConfidentialClientApplication: all of it, in one file',
      total((await bundle(importOf('ConfidentialClientApplication'), oneFile)).files),
    ),
    row('PublicClientApplication: all of it, in one file', total((await bundle(importOf('PublicClientApplication'), oneFile)).files)),
    row('isAuthError alone, in one file', total((await bundle(importOf('isAuthError'), oneFile)).files)),
  ]
  const bare = []
  for (const specifier of entryPoints) {
    // Nothing of it may load, whatever the entry is for. (esbuild writes the lazy files all the same; nothing refers to them.)
    bare.push([specifier, firstOf(await bundle(`import '${specifier}'`, { external: ['node:*', 'undici', 'cloudflare:*'] }))])
  }

  const msal = { platform: 'node', splitting: false }
  const peers = [
    row('oauth4webapi: sign-in by code, renewal', total((await bundle(peerSignIn)).files)),
    row('oauth4webapi: client credentials by private_key_jwt', total((await bundle(peerApp)).files)),
    row('openid-client: client credentials by private_key_jwt', total((await bundle(openidClientApp)).files)),
    row(
      '@azure/msal-node: PublicClientApplication',
      total((await bundle(`export { PublicClientApplication } from '@azure/msal-node'`, msal)).files),
    ),
    row(
      '@azure/msal-node: ConfidentialClientApplication',
      total((await bundle(`export { ConfidentialClientApplication } from '@azure/msal-node'`, msal)).files),
    ),
  ]
  const chunks = ({ files }) =>
    files
      .toSorted((a, b) => Number(b.first) - Number(a.first))
      .map((file) => row(`${file.first ? 'at once' : 'lazy'}: ${file.label}`, file))
  const columns = ['', 'min', 'gzip -9']
  return {
    tables: [
      { title: 'Bytes in a bundle (esbuild, browser, es2022, minified, split)', columns, rows: app },
      { title: 'Peers, of the same bundler (@azure/msal-node needs platform node)', columns, rows: peers },
      { title: 'Files of PublicClientApplication', columns, rows: chunks(publicClient) },
      { title: 'Files of ConfidentialClientApplication', columns, rows: chunks(confidential) },
      { title: 'Bare imports', columns, rows: bare.map(([specifier, size]) => row(specifier, size)) },
    ],
    checks: [
      goal(atMost('PublicClientApplication, first load, gzip', first.gz, firstLoad.aim)),
      atMost('PublicClientApplication, first load, gzip', first.gz, firstLoad.limit),
      atMost('PublicClientApplication, sign-in and renewal, gzip', signIn.gz, userTokens.limit),
      goal(atMost('ConfidentialClientApplication, client credentials by certificate, gzip', certificate.gz, clientCredentials.aim)),
      atMost('ConfidentialClientApplication, client credentials by certificate, gzip', certificate.gz, clientCredentials.limit),
      ...bare.map(([specifier, size]) => atMost(`import '${specifier}', bytes`, size.min, 0)),
    ],
  }
}
