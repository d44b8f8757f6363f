import { type ConfidentialClientApplication, SerializableTokenCache, type TokenCache } from '../../../src/core/index.ts'
import { FakeProvider, tokens } from '../../support/fake-provider.ts'
import { confidentialClient, scopes } from './support.ts'

const redirectUri = 'https://app.example/'
export const home = 'https://idp.example'
export const urlOf = (realm: string) => (realm.includes('://') ? realm : home + realm)

/** Two realms of one host with one client id and one cache, in which a person has the same subject: nobody but the URL tells them apart. */
export function realms([a, b]: readonly [string, string]) {
  const provider = new FakeProvider()
  // Without client information the subject is all that names an account.
  provider.changes = { client_info: undefined }
  let serial = 0
  provider.onToken = ({ url }) => tokens({ access_token: `${url.href} ${++serial}` })
  const tokenCache = new SerializableTokenCache()
  const client = (realm: string, cache: TokenCache = tokenCache) =>
    confidentialClient(provider, { authority: undefined as never, oidcAuthority: urlOf(realm), tokenCache: cache })
  const signIn = async (app: ConfidentialClientApplication) => {
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    return app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
  }
  /** The token requests since the last look, by realm. */
  const asked = () => {
    const seen = provider.tokenRequests().map(({ url, form }) => {
      const realm = (url.origin === home ? url.pathname : url.href).replace(/\/oauth2(\/v2\.0)?\/token$/, '')
      return `${realm} ${form.grant_type}`
    })
    provider.requests.length = 0
    return seen
  }
  return { provider, tokenCache, client, signIn, asked, A: client(a), B: client(b) }
}

export const pairs = [
  ['/realms/a', '/realms/b'],
  ['/realms/b', '/realms/a'],
  ['/realms', '/realms/a'],
  ['/realms/a', '/realms'],
  ['/realms/a', '/realms/a/b'],
  ['/a', '/b'],
  ['', '/oauth2/default'],
  ['/oauth2/default', ''],
  ['', '/a'],
  ['/a', ''],
  ['', '/oauth2'],
  ['/oauth2', ''],
  ['/realms/Foo', '/realms/foo'],
  ['/Foo', '/foo'],
  ['/realms/%41', '/realms/A'],
  ['https://localhost:8443/realms/a', 'https://localhost:9443/realms/a'],
  ['https://idp.example:8443/a', '/a'],
  ['https://idp.example:8443', ''],
  ['http://localhost:8080/realms/a', 'https://localhost:8443/realms/a'],
  ['http://localhost/a', 'https://localhost/a'],
  ['http://localhost', 'https://localhost'],
] as const
