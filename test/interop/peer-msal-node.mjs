// MSAL Node as its users have it: https, no custom network client. Trust comes from NODE_EXTRA_CA_CERTS.
import { createInterface } from 'node:readline'
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node'

const { authority, sharedAuthority, host, native, web, webCertificate, api, person, redirectUri, scopes, appScopes, apiScopes } =
  JSON.parse(process.env.PEER)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (value) => console.log(JSON.stringify(value))

async function ask(url) {
  say({ ask: url })
  return JSON.parse((await lines.next()).value)
}

async function signIn(name, app) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
  const pkce = { codeChallenge: challenge, codeChallengeMethod: 'S256' }
  const url = await app.getAuthCodeUrl({ scopes, redirectUri, ...pkce, nonce: 'the-nonce', state: 'the-state' })
  const { code, client_info: clientInfo } = await ask(url)
  const request = { code, scopes, redirectUri, codeVerifier: verifier, nonce: 'the-nonce', state: 'the-state' }
  const result = await app.acquireTokenByCode(request, { code, state: 'the-state', clientInfo })
  const [account] = await app.getTokenCache().getAllAccounts()
  const cached = await app.acquireTokenSilent({ account, scopes })
  const refreshed = await app.acquireTokenSilent({ account, scopes, forceRefresh: true })
  say({
    name,
    homeAccountId: result.account.homeAccountId,
    username: result.account.username,
    tenantId: result.account.tenantId,
    nonce: result.idTokenClaims.nonce,
    scopes: result.scopes,
    cached: cached.fromCache && cached.accessToken === result.accessToken,
    refreshed: !refreshed.fromCache && refreshed.accessToken !== result.accessToken,
    accessToken: refreshed.accessToken,
  })
  return { app, account }
}

async function appOnly(name, app) {
  const result = await app.acquireTokenByClientCredential({ scopes: appScopes })
  const again = await app.acquireTokenByClientCredential({ scopes: appScopes })
  say({ name, cached: again.fromCache, accessToken: result.accessToken })
}

async function accountAnswer(name, result, app) {
  const cached = await app.acquireTokenSilent({ account: result.account, scopes })
  say({
    name,
    homeAccountId: result.account.homeAccountId,
    username: result.account.username,
    scopes: result.scopes,
    cached: cached.fromCache && cached.accessToken === result.accessToken,
    accessToken: result.accessToken,
  })
  return result.accessToken
}

async function deviceCode(name, app) {
  const result = await app.acquireTokenByDeviceCode({
    scopes,
    deviceCodeCallback: ({ verificationUri, userCode }) => say({ ask: verificationUri, deviceCode: userCode }),
  })
  await lines.next()
  await accountAnswer(name, result, app)
}

async function onBehalfOf(name, app, oboAssertion) {
  const result = await app.acquireTokenOnBehalfOf({ oboAssertion, scopes: apiScopes })
  const again = await app.acquireTokenOnBehalfOf({ oboAssertion, scopes: apiScopes })
  say({ name, username: result.account.username, cached: again.fromCache, accessToken: again.accessToken })
}

async function refused(name, task) {
  try {
    await task()
    say({ name })
  } catch ({ errorCode, errorNo, suberror: subError, correlationId }) {
    say({ name, errorCode, errorNo, subError, correlationId })
  }
}

const known = { knownAuthorities: [host] }
const publicAuth = { clientId: native.clientId, ...known }
const secretAuth = { clientId: web.clientId, clientSecret: web.secret, authority, ...known }
const { privateKey, thumbprint, thumbprintSha256 } = webCertificate
const certificateAuth = { clientId: webCertificate.clientId, authority, ...known, clientCertificate: { privateKey, thumbprintSha256 } }

await signIn('public client at its tenant', new PublicClientApplication({ auth: { ...publicAuth, authority } }))
await signIn('public client at common', new PublicClientApplication({ auth: { ...publicAuth, authority: sharedAuthority } }))
await signIn('confidential client with a secret', new ConfidentialClientApplication({ auth: secretAuth }))
await signIn('confidential client with a certificate', new ConfidentialClientApplication({ auth: certificateAuth }))
await appOnly('secret', new ConfidentialClientApplication({ auth: secretAuth }))
await appOnly('certificate, SHA-256', new ConfidentialClientApplication({ auth: certificateAuth }))
const sha1 = { ...certificateAuth, clientCertificate: { privateKey, thumbprint } }
await appOnly('certificate, SHA-1', new ConfidentialClientApplication({ auth: sha1 }))
await refused('wrong secret', () => appOnly('', new ConfidentialClientApplication({ auth: { ...secretAuth, clientSecret: 'wrong' } })))
await deviceCode('device code', new PublicClientApplication({ auth: { ...publicAuth, authority: sharedAuthority } }))
const byPassword = new PublicClientApplication({ auth: { ...publicAuth, authority } })
const signedIn = await byPassword.acquireTokenByUsernamePassword({ scopes, ...person })
const assertion = await accountAnswer('password', signedIn, byPassword)
await refused('wrong password', () => byPassword.acquireTokenByUsernamePassword({ scopes, ...person, password: 'wrong' }))
const middleTier = new ConfidentialClientApplication({ auth: { clientId: api.clientId, clientSecret: api.secret, authority, ...known } })
await onBehalfOf('on behalf of', middleTier, assertion)
await refused('on behalf of nobody', () => onBehalfOf('', middleTier, 'nonsense'))
process.exit(0)
