import { equal, failure, like, ok } from './assert.js'
import { appScopes, claimsOf } from './world.js'

/** Which credential of the same certificate client, and how its assertion is signed. */
const credentials = {
  'PKCS#8': ({ pkcs8, certificate }) => ({ privateKey: pkcs8, publicCertificate: certificate }),
  'PKCS#8, named by its SHA-1 thumbprint': ({ pkcs8, thumbprint }) => ({ privateKey: pkcs8, thumbprint }),
  'PKCS#1': ({ pkcs1, certificate }) => ({ privateKey: pkcs1, publicCertificate: certificate }),
  'encrypted PKCS#8': ({ encrypted, passphrase, certificate }) => ({ privateKey: encrypted, passphrase, publicCertificate: certificate }),
  'a CryptoKey that cannot be exported': async ({ pkcs8, certificate }) => ({
    privateKey: await importKey(pkcs8, 'RSA-PSS'),
    publicCertificate: certificate,
  }),
  'a key that is elsewhere': ({ pkcs8, certificate }) => ({
    publicCertificate: certificate,
    async sign(data, alg) {
      const name = alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
      return new Uint8Array(await crypto.subtle.sign({ name, saltLength: 32 }, await importKey(pkcs8, name), data))
    },
  }),
}

function importKey(pem, name) {
  const der = Uint8Array.from(atob(pem.replace(/-----[^-]+-----|\s/g, '')), (character) => character.charCodeAt(0))
  return crypto.subtle.importKey('pkcs8', der, { name, hash: 'SHA-256' }, false, ['sign'])
}

const certificates = Object.fromEntries(
  Object.entries(credentials).map(([name, credentialOf]) => [
    `client credentials with a certificate: ${name}`,
    async ({ confidentialClient, clients, callApi }) => {
      const clientCredential = await credentialOf(clients.certificate)
      const { accessToken } = await confidentialClient('certificate', { clientCredential }).acquireTokenForClient({ scopes: appScopes })
      like(claimsOf(accessToken), { azp: clients.certificate.clientId, azpacr: '2', idtyp: 'app' }, 'claims')
      like(await callApi(accessToken), { status: 200 }, 'the API')
    },
  ]),
)

export const application = {
  async 'client credentials with a secret: the token works, and is served until it is forgotten'({
    confidentialClient,
    requestsDuring,
    callApi,
  }) {
    const app = confidentialClient('web')
    const { result, grants } = await requestsDuring(async () => {
      const first = await Promise.all(Array.from({ length: 10 }, () => app.acquireTokenForClient({ scopes: appScopes })))
      const hit = await app.acquireTokenForClient({ scopes: appScopes })
      await app.removeTokensForClient()
      return [...first, hit, await app.acquireTokenForClient({ scopes: appScopes })]
    })
    equal(grants, ['client_credentials', 'client_credentials'], 'grants')
    like(result[10], { tokenSource: 'cache', account: null })
    like(result[11], { tokenSource: 'identity_provider' })
    equal(new Set(result.map(({ accessToken }) => accessToken)).size, 2, 'different tokens')
    like(await callApi(result[11].accessToken), { status: 200 }, 'the API')
  },

  ...certificates,

  async 'S69 a wrong passphrase is told as such, without the key'({ confidentialClient, clients }) {
    const { encrypted, certificate } = clients.certificate
    const clientCredential = { privateKey: encrypted, passphrase: 'wrong', publicCertificate: certificate }
    const error = await failure(confidentialClient('certificate', { clientCredential }).acquireTokenForClient({ scopes: appScopes }))
    like(error, { code: 'credential_invalid', action: 'reconfigure' }, 'error')
    ok(!/MII|wrong/.test(`${error.message}${error.stack}`), 'the message shows no secret')
  },

  async 'a credential that comes late is asked for when it is needed'({ confidentialClient, clients }) {
    let asked = 0
    const clientCredential = async () => {
      asked++
      return clients.web.secret
    }
    const app = confidentialClient('web', { clientCredential })
    equal(asked, 0, 'questions before the first call')
    await app.acquireTokenForClient({ scopes: appScopes })
    await app.acquireTokenForClient({ scopes: appScopes })
    equal(asked, 1, 'questions')
  },
}
