// A program that imports the package by its name and walks through all that loads late. It prints "done" when every step did what it must.
// The tests run it on the installed tarball and on bundles.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import {
  AuthError,
  ClientConfigurationError,
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  isAuthError,
  NetworkError,
  PublicClientApplication,
  SerializableTokenCache,
} from 'msal-isomorphic'
import { createFetch, loopback } from 'msal-isomorphic/node'

const issuer = 'https://idp.example/realm'
const clientId = 'walk-through'
const passphrase = 'correct horse'
const providerKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
const clientKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase },
})
const provider = { nonce: '', forms: [], refuses: false }

walk()

// No await at the top: bundles to one script have none.
async function walk() {
  await signInAndOut()
  await actAsService()
  await failAsPromised()
  console.log('done')
}

async function signInAndOut() {
  const tokenCache = new SerializableTokenCache()
  const interaction = { responseModes: ['query'], begin: () => ({ redirectUri: 'http://localhost:1', authorize, close() {} }) }
  const app = new PublicClientApplication({
    clientId,
    oidcAuthority: issuer,
    fetch: provide,
    verifyIdTokenSignature: true,
    tokenCache,
    interaction,
  })
  const scopes = ['read']
  const first = await app.acquireTokenInteractive({ scopes })
  assert.equal(first.account.username, 'mia@idp.example')
  const [account] = await app.getAccounts()
  assert.equal((await app.acquireTokenSilent({ scopes, account }))?.tokenSource, 'cache')
  assert.equal((await app.acquireTokenSilent({ scopes, account, forceRefresh: true }))?.tokenSource, 'identity_provider')
  assert.match(await app.getLogoutUrl({ account }), /^https:\/\/idp\.example\/realm\/logout\?/)
  const again = new SerializableTokenCache()
  again.deserialize(tokenCache.serialize())
  assert.equal((await new PublicClientApplication({ clientId, oidcAuthority: issuer, tokenCache: again }).getAccounts()).length, 1)
  provider.refuses = true
  await assert.rejects(app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true }), InteractionRequiredAuthError)
  provider.refuses = false
  await app.removeAccount(account)
  assert.deepEqual(await app.getAccounts(), [])
  await app.close()
}

async function actAsService() {
  const clientCredential = { privateKey: clientKey.privateKey, passphrase, thumbprint: '0123456789abcdef0123456789abcdef01234567' }
  const app = new ConfidentialClientApplication({ clientId, oidcAuthority: issuer, fetch: provide, clientCredential })
  const { accessToken } = await app.acquireTokenForClient({ scopes: ['api/.default'] })
  assert.equal(accessToken, 'access')
  assert.match(provider.forms.at(-1).get('client_assertion'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  await app.removeTokensForClient()
}

async function failAsPromised() {
  const offline = () => Promise.reject(new TypeError('offline'))
  const app = new PublicClientApplication({ clientId, oidcAuthority: issuer, fetch: offline, interaction: loopback() })
  await assert.rejects(app.initiateAuthCodeFlow({ scopes: ['read'], redirectUri: 'http://localhost' }), NetworkError)
  await assert.rejects(app.initiateAuthCodeFlow({ scopes: ['openid'], redirectUri: 'http://localhost' }), ClientConfigurationError)
  assert.throws(() => new PublicClientApplication({ clientId: '' }), ClientConfigurationError)
  // The adapter's errors are the core's: a bundle or a package with two copies of a class would fail here.
  assert.throws(
    () => createFetch({ proxy: 'not a url' }),
    (error) => error instanceof AuthError && isAuthError(error, 'invalid_argument'),
  )
}

async function authorize({ url }) {
  const { nonce, state } = Object.fromEntries(new URL(url).searchParams)
  provider.nonce = nonce
  return { code: 'code', state }
}

async function provide(input, init) {
  const { url, body } = input instanceof Request ? { url: input.url, body: await input.text() } : { url: String(input), body: init?.body }
  if (url.endsWith('/.well-known/openid-configuration')) return Response.json(metadata())
  if (url.endsWith('/keys'))
    return Response.json({ keys: [{ ...providerKey.publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] })
  provider.forms.push(new URLSearchParams(String(body)))
  if (provider.refuses) return Response.json({ error: 'invalid_grant' }, { status: 400 })
  return Response.json(tokens(provider.forms.at(-1).get('grant_type')))
}

function metadata() {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    end_session_endpoint: `${issuer}/logout`,
  }
}

function tokens(grantType) {
  const token = { access_token: 'access', token_type: 'Bearer', expires_in: 3600 }
  if (grantType === 'client_credentials') return token
  return { ...token, refresh_token: 'refresh', id_token: idToken() }
}

function idToken() {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    aud: clientId,
    sub: 'mia',
    preferred_username: 'mia@idp.example',
    nonce: provider.nonce,
    iat: now,
    exp: now + 3600,
  }
  const content = [{ alg: 'RS256', kid: '1' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${content}.${sign('sha256', Buffer.from(content), providerKey.privateKey).toString('base64url')}`
}
