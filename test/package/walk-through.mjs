// A program that imports the package by its name and walks through all that loads late. It prints "done" when every step did what it must.
// The tests run it on the installed tarball and on bundles.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AuthError,
  ClientConfigurationError,
  ConfidentialClientApplication,
  encrypted,
  InteractionRequiredAuthError,
  isAuthError,
  NetworkError,
  PublicClientApplication,
  parseClaimsChallenge,
  SerializableTokenCache,
  TokenCache,
} from 'msal-isomorphic'
import { toAuthenticationProvider, toTokenCredential } from 'msal-isomorphic/azure'
import { accounts, completePopup, indexedDbStore } from 'msal-isomorphic/browser'
import { challenge, flowCookies, readFlowCookie, sealFlow, sessionCookie, unsealFlow, validateAccessToken } from 'msal-isomorphic/edge'
import { createFetch, fileStore, getManagedIdentitySource, loopback, ManagedIdentityClient } from 'msal-isomorphic/node'
import { redisStore } from 'msal-isomorphic/redis'
import { cacheStoreContract, fakeClock, fakeInteraction, fakeProvider, interactionContract, seed } from 'msal-isomorphic/testing'

const issuer = 'https://idp.example/realm'
const tenant = 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555'
const federation = 'https://sts.company.example'
const clientId = 'walk-through'
const passphrase = 'correct horse'
const providerKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
const clientKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase },
})
// A company's own server: what it says of itself, and what it says of a person.
const utility = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const mex = `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
  xmlns:wsa="http://www.w3.org/2005/08/addressing">
  <wsp:Policy wsu:Id="password" xmlns:wsu="${utility}"><wsp:ExactlyOne><wsp:All>
    <sp:TransportBinding/>
    <sp:SignedEncryptedSupportingTokens><wsp:Policy><sp:UsernameToken><wsp:Policy>
      <sp:WssUsernameToken10/>
    </wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedEncryptedSupportingTokens>
  </wsp:All></wsp:ExactlyOne></wsp:Policy>
  <wsdl:binding name="trust">
    <wsp:PolicyReference URI="#password"/>
    <soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="issue">
      <soap12:operation soapAction="http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue"/>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="sts"><wsdl:port name="trust" binding="trust">
    <wsa:EndpointReference><wsa:Address>${federation}/trust</wsa:Address></wsa:EndpointReference>
  </wsdl:port></wsdl:service>
</wsdl:definitions>`
const assertion = '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">mia</saml:Assertion>'
const rstr = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><s:Body>
  <t:RequestSecurityTokenResponseCollection><t:RequestSecurityTokenResponse>
    <t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken>
  </t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection>
</s:Body></s:Envelope>`
const provider = { nonce: '', forms: [], refuses: false }

walk()

// No await at the top: bundles to one script have none.
async function walk() {
  await signInAndOut()
  await signInOtherwise()
  await signInByPassword()
  await actAsService()
  await actForUser()
  await keepTokens()
  await useManagedIdentity()
  await failAsPromised()
  await serveAtTheEdge()
  await protectAnApi()
  await lendToAzure()
  await test()
  assert.throws(() => completePopup(), { code: 'environment_unsupported' })
  await keepInABrowser()
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

async function signInOtherwise() {
  const app = new PublicClientApplication({ clientId, oidcAuthority: issuer, fetch: provide })
  const flow = await app.initiateDeviceFlow({ scopes: ['read'] })
  assert.match(flow.message, /WALK-1234/)
  flow.interval = 1
  assert.equal((await app.acquireTokenByDeviceFlow({ flow })).accessToken, 'access')
  const request = { scopes: ['read'], redirectUri: 'http://localhost:1', state: 'state', nonce: 'nonce' }
  const { code } = await authorize({ url: await app.getAuthorizationRequestUrl(request) })
  assert.equal((await app.acquireTokenByAuthorizationCode({ ...request, code })).account.username, 'mia@idp.example')
  assert.equal((await app.acquireTokenByRefreshToken({ refreshToken: 'other', scopes: ['read'] })).accessToken, 'access')
  assert.equal(parseClaimsChallenge('Bearer claims="{\\"a\\":1}"'), '{"a":1}')
}

async function signInByPassword() {
  const app = new PublicClientApplication({ clientId, authority: tenant, fetch: provide })
  const person = { password: 'secret', scopes: ['read'] }
  await app.acquireTokenByUsernamePassword({ ...person, username: 'mia@managed.example' })
  assert.equal(provider.forms.at(-1).get('grant_type'), 'password')
  await app.acquireTokenByUsernamePassword({ ...person, username: 'mia@company.example' })
  assert.equal(provider.forms.at(-1).get('grant_type'), 'urn:ietf:params:oauth:grant-type:saml1_1-bearer')
  assert.equal(Buffer.from(provider.forms.at(-1).get('assertion'), 'base64url').toString(), assertion)
}

async function actAsService() {
  const clientCredential = { privateKey: clientKey.privateKey, passphrase, thumbprint: '0123456789abcdef0123456789abcdef01234567' }
  const app = new ConfidentialClientApplication({ clientId, oidcAuthority: issuer, fetch: provide, clientCredential })
  const { accessToken } = await app.acquireTokenForClient({ scopes: ['api/.default'] })
  assert.equal(accessToken, 'access')
  assert.match(provider.forms.at(-1).get('client_assertion'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  await app.removeTokensForClient()
  await actInRegion()
}

async function actInRegion() {
  const tenant = 'https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111'
  const asked = []
  const fetch = async (url) => {
    asked.push(new URL(url).hostname)
    const answer = { access_token: 'regional', token_type: 'Bearer', expires_in: 3600 }
    const base = tenant.replace('login.microsoftonline.com', new URL(url).hostname)
    const document = { issuer: `${tenant}/v2.0`, token_endpoint: `${base}/token`, authorization_endpoint: `${base}/authorize` }
    return Response.json(String(url).endsWith('openid-configuration') ? document : answer)
  }
  const app = new ConfidentialClientApplication({ clientId, authority: tenant, fetch, clientCredential: 'secret', azureRegion: 'westus2' })
  assert.equal((await app.acquireTokenForClient({ scopes: ['api/.default'] })).accessToken, 'regional')
  assert.equal(asked.at(-1), 'westus2.login.microsoft.com')
}

async function actForUser() {
  const app = new ConfidentialClientApplication({ clientId, oidcAuthority: issuer, fetch: provide, clientCredential: 'secret' })
  const request = { userAssertion: 'presented', scopes: ['api/read'] }
  assert.equal((await app.acquireTokenOnBehalfOf(request)).tokenSource, 'identity_provider')
  assert.equal((await app.acquireTokenOnBehalfOf(request)).tokenSource, 'cache')
}

async function keepTokens() {
  for (const { run } of cacheStoreContract(memoryStore)) await run()
  assert.equal(await redisStore({ eval: async () => null }).read('user:mia'), null)
  const folder = await mkdtemp(join(tmpdir(), 'walk-through-'))
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const onStoreError = (error) => assert.fail(error)
  for (const store of [encrypted(memoryStore(), key), fileStore(join(folder, 'tokens.json'))]) {
    const start = () => {
      const tokenCache = new TokenCache({ store, onStoreError })
      return new ConfidentialClientApplication({ clientId, oidcAuthority: issuer, fetch: provide, clientCredential: 'secret', tokenCache })
    }
    assert.equal((await start().acquireTokenForClient({ scopes: ['api/.default'] })).tokenSource, 'identity_provider')
    assert.equal((await start().acquireTokenForClient({ scopes: ['api/.default'] })).tokenSource, 'cache')
  }
  await rm(folder, { recursive: true })
}

async function useManagedIdentity() {
  for (const name of Object.keys(process.env))
    if (/^(IDENTITY|MSI|IMDS|AZUREPS|MSAL_MANAGED_IDENTITY)_/.test(name)) delete process.env[name]
  assert.equal(await getManagedIdentitySource(), 'imds')
  const client = new ManagedIdentityClient({ fetch: provide })
  const { accessToken, account } = await client.acquireTokenForClient({ resource: 'https://vault.azure.net' })
  assert.deepEqual({ accessToken, account }, { accessToken: 'managed', account: null })
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
  for (const home of [issuer, `${tenant}/v2.0`])
    if (url === `${home}/.well-known/openid-configuration`) return Response.json(metadata(home))
  if (url.endsWith('/keys'))
    return Response.json({ keys: [{ ...providerKey.publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] })
  if (url.includes('/userrealm/')) return Response.json(realm(url))
  if (url === `${federation}/mex`) return new Response(mex)
  if (url === `${federation}/trust`) return new Response(rstr)
  if (url.startsWith('http://169.254.169.254/'))
    return Response.json({ access_token: 'managed', token_type: 'Bearer', expires_in: '3600', resource: 'https://vault.azure.net' })
  provider.forms.push(new URLSearchParams(String(body)))
  if (provider.refuses) return Response.json({ error: 'invalid_grant' }, { status: 400 })
  if (url.endsWith('/device')) return Response.json({ device_code: 'device', user_code: 'WALK-1234', verification_uri: `${issuer}/code` })
  return Response.json(tokens(provider.forms.at(-1).get('grant_type'), url.startsWith(tenant) ? `${tenant}/v2.0` : issuer))
}

function metadata(home) {
  return {
    issuer: home,
    authorization_endpoint: `${home}/authorize`,
    token_endpoint: `${home}/token`,
    device_authorization_endpoint: `${home}/device`,
    jwks_uri: `${home}/keys`,
    end_session_endpoint: `${home}/logout`,
  }
}

function tokens(grantType, iss) {
  const token = { access_token: 'access', token_type: 'Bearer', expires_in: 3600 }
  if (grantType === 'client_credentials') return token
  return { ...token, refresh_token: 'refresh', id_token: idToken(iss) }
}

function idToken(iss) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss,
    aud: clientId,
    sub: 'mia',
    preferred_username: 'mia@idp.example',
    nonce: provider.nonce,
    iat: now,
    exp: now + 3600,
  }
  return signed(claims)
}

function signed(claims) {
  const content = [{ alg: 'RS256', kid: '1' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${content}.${sign('sha256', Buffer.from(content), providerKey.privateKey).toString('base64url')}`
}

function realm(url) {
  if (!url.includes('company.example')) return { account_type: 'Managed' }
  return { account_type: 'Federated', federation_metadata_url: `${federation}/mex`, cloud_audience_urn: 'urn:federation:MicrosoftOnline' }
}

async function keepInABrowser() {
  const store = indexedDbStore()
  await assert.rejects(store.read('user:x'), { code: 'environment_unsupported' })
  assert.equal(await store.read('user:x'), null)
  const { get, subscribe } = accounts(new PublicClientApplication({ clientId, tokenCache: new TokenCache() }))
  subscribe(() => {})()
  assert.deepEqual(get(), [])
}

async function serveAtTheEdge() {
  const key = randomBytes(32).toString('base64')
  const app = new ConfidentialClientApplication({ clientId, oidcAuthority: issuer, fetch: provide, clientCredential: 'secret' })
  const flow = await app.initiateAuthCodeFlow({ scopes: ['read'], redirectUri: 'https://app.example/callback' })
  assert.deepEqual(await unsealFlow(await sealFlow(flow, key), key), flow)
  await assert.rejects(unsealFlow('x', key), { code: 'flow_unknown' })
  const [cookie] = await flowCookies(flow, key)
  const answer = new URLSearchParams(await authorize({ url: flow.authUri }))
  const request = new Request(`https://app.example/callback?${answer}`, { headers: { cookie: cookie.split(';')[0] } })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow: (await readFlowCookie(request, key)).flow, response: request })
  assert.match(await sessionCookie(account, key), /^__Host-session=/)
}

async function protectAnApi() {
  assert.match(challenge({ scopes: ['Notes.Read'] }).headers.get('www-authenticate'), /^Bearer scope="Notes.Read"$/)
  const claims = { iss: issuer, aud: 'api://notes', scp: 'Notes.Read', exp: Math.floor(Date.now() / 1000) + 3600 }
  const options = { audience: 'api://notes', authority: issuer, fetch: provide }
  assert.equal((await validateAccessToken(signed(claims), { ...options, scopes: ['Notes.Read'] })).iss, issuer)
  await assert.rejects(validateAccessToken(signed(claims), { ...options, audience: 'api://other' }), { code: 'audience_mismatch' })
}

async function lendToAzure() {
  const app = new ConfidentialClientApplication({ clientId, authority: tenant, fetch: provide, clientCredential: 'secret' })
  const { token, expiresOnTimestamp } = await toTokenCredential(app).getToken('https://vault.azure.net/.default', {
    tenantId: tenant.split('/')[3],
  })
  assert.ok(token === 'access' && expiresOnTimestamp > Date.now())
  await assert.rejects(toTokenCredential(app).getToken('https://vault.azure.net/.default', { tenantId: 'other' }), ClientConfigurationError)
  assert.equal(await toAuthenticationProvider(new ManagedIdentityClient({ fetch: provide })).getAccessToken(), 'managed')
}

async function test() {
  const fake = fakeProvider()
  const clock = fakeClock()
  const app = new PublicClientApplication({
    clientId,
    ...fake.clientOptions,
    interaction: fakeInteraction(fake),
    verifyIdTokenSignature: true,
  })
  const { account } = await app.acquireTokenInteractive({ scopes: ['read'] })
  clock.advance(3_600_000)
  assert.equal((await app.acquireTokenSilent({ scopes: ['read'], account })).tokenSource, 'identity_provider')
  clock.restore()
  const tokenCache = new TokenCache()
  const seeded = await seed(tokenCache, { clientId, scopes: ['read'] })
  const offline = new PublicClientApplication({ clientId, tokenCache, fetch: () => Promise.reject(new TypeError('offline')) })
  assert.equal((await offline.acquireTokenSilent({ scopes: ['read'], account: seeded })).accessToken, 'seeded-access-token')
  for (const { run } of interactionContract(interactionOf)) await run()
}

const interactionOf = (answerAt) => ({
  responseModes: ['query'],
  begin: ({ signal }) => ({
    redirectUri: 'http://localhost:1',
    async authorize({ url }) {
      const { url: answer } = await answerAt(url)
      signal.throwIfAborted()
      return answer
    },
    close() {},
  }),
})

function memoryStore() {
  const entries = new Map()
  let writes = 0
  return {
    read: async (partition) => entries.get(partition) ?? null,
    async write(partition, value, { version }) {
      if (version !== undefined && version !== (entries.get(partition)?.version ?? null)) return 'conflict'
      entries.set(partition, { value, version: String(++writes) })
      return String(writes)
    },
    async remove(partition) {
      entries.delete(partition)
    },
  }
}
