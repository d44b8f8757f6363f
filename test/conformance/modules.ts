/**
 * Every test of the OpenID Foundation's suite that plays a provider against a relying party, as far as the project has looked at it: the 57
 * of OpenID Connect (conformance-suite at 12f2a4d), those of FAPI 2.0 and FAPI 1.0 that say something about a client of this kind, and three
 * that older or newer states of the suite have.
 */
export interface ModuleEntry {
  name: string
  plan: Plan
  /** Why it is not run. */
  outOfScope?: string
}

export type Plan =
  | 'basic'
  | 'config'
  | 'form post'
  | 'refresh token'
  | 'comprehensive'
  | 'logout'
  | 'dynamic'
  | 'hybrid'
  | 'FAPI 2.0'
  | 'FAPI 1.0'

export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'

/** How the client of a plan authenticates itself: each way is used by one of them. */
export function authenticationOf(plan: Plan): ClientAuthentication {
  if (plan === 'refresh token') return 'client_secret_post'
  if (plan === 'logout') return 'none'
  return plan.startsWith('FAPI') ? 'private_key_jwt' : 'client_secret_basic'
}

export const isFapi = (name: string): boolean => name.startsWith('fapi')

const oidcc = 'oidcc-client-test'
const fapi2 = 'fapi2-security-profile-final-client'
const fapi1 = 'fapi1-advanced-final-client-test'

const hybrid = 'The library asks for a code alone: no id token or access token ever comes from the authorization endpoint.'
const registration = 'The library registers no client: its client id is given.'
const webfinger = 'The library is told its provider: it searches for none by WebFinger.'
const requestObject = 'The library makes no request objects.'
const userinfo = "The library makes no userinfo request: that, and the comparison of its `sub`, is the application's."
const logoutToken = 'The library has no endpoint for logout tokens: a server receives them, and calls `removeAccount`.'
const frontChannel = '`completeFrontChannelLogout()` needs a page: test/browser/logout.test.ts shows it in a browser.'
const dpop = 'The library makes no DPoP proofs.'
const jarm = 'The library asks for no JWT as authorization response (JARM).'
const encryption = 'The library has no decryption key, so no provider encrypts for it.'

const list = (plan: Plan, prefix: string, names: readonly string[], outOfScope?: string): ModuleEntry[] =>
  names.map((name) => ({ name: prefix + name, plan, ...(outOfScope && { outOfScope }) }))

export const modules: readonly ModuleEntry[] = [
  ...list('basic', oidcc, ['', '-invalid-iss', '-missing-sub', '-invalid-aud', '-missing-iat', '-kid-absent-single-jwks']),
  ...list('basic', oidcc, ['-kid-absent-multiple-jwks', '-idtoken-sig-rs256', '-idtoken-sig-none', '-invalid-sig-rs256']),
  ...list('basic', oidcc, ['-userinfo-invalid-sub'], userinfo),
  ...list('basic', oidcc, ['-nonce-invalid', '-scope-userinfo-claims', '-client-secret-basic']),

  ...list('config', oidcc, ['-discovery-openid-config', '-discovery-jwks-uri-keys', '-discovery-issuer-mismatch']),
  ...list('config', oidcc, ['-signing-key-rotation', '-signing-key-rotation-just-before-signing']),

  ...list('form post', oidcc, ['-form-post-error']),

  ...list('refresh token', oidcc, ['-refresh-token', '-refresh-token-invalid-issuer', '-refresh-token-invalid-sub']),
  ...list('refresh token', oidcc, ['-refresh-token-invalid-aud', '-refresh-token-invalid-azp']),

  ...list('comprehensive', oidcc, ['-missing-aud', '-invalid-sig-hs256', '-invalid-sig-es256', '-userinfo-bearer-header']),
  ...list('comprehensive', oidcc, ['-ignores-unparseable-key-in-jwks']),
  ...list('comprehensive', oidcc, ['-userinfo-bearer-body', '-aggregated-claims', '-distributed-claims'], userinfo),
  ...list(
    'comprehensive',
    oidcc,
    ['-mtls-endpoint-aliases'],
    'The aliases are for clients with a TLS certificate, which `fetch` cannot show.',
  ),

  ...list('hybrid', oidcc, ['-invalid-chash', '-missing-chash', '-invalid-athash', '-missing-athash', '-nonce-unless-code-flow'], hybrid),

  ...list('dynamic', oidcc, ['-dynamic-registration'], registration),
  ...list('dynamic', oidcc, ['-discovery-webfinger-acct', '-discovery-webfinger-url'], webfinger),
  ...list('dynamic', oidcc, ['-request-uri-signed-rs256', '-request-uri-signed-none'], requestObject),
  ...list('dynamic', oidcc, ['-userinfo-signed'], userinfo),

  ...list('logout', oidcc, ['-rp-init-logout', '-rp-init-logout-no-state', '-rp-init-logout-other-state']),
  ...list(
    'logout',
    oidcc,
    ['-3rd-party-init-login'],
    "The page that a third party sends people to is the application's: it begins a sign-in.",
  ),
  ...list('logout', oidcc, ['-rp-frontchannel-rpinitlogout', '-rp-frontchannel-opinitlogout'], frontChannel),
  ...list('logout', oidcc, ['-session-management'], 'The library watches no session by `check_session_iframe`.'),
  ...list(
    'logout',
    `${oidcc}-rp-backchannel-rpinitlogout`,
    ['', '-alg-none', '-wrong-alg', '-no-event', '-wrong-event', '-with-nonce', '-wrong-aud', '-wrong-iss'],
    logoutToken,
  ),

  ...list('FAPI 2.0', fapi2, ['-test-invalid-authorization-response-iss', '-test-remove-authorization-response-iss']),
  ...list('FAPI 2.0', `${fapi2}-test-ensure-authorization-response-with-invalid`, ['-state-fails', '-missing-state-fails']),
  ...list('FAPI 2.0', `${fapi2}-test-invalid`, ['-aud', '-iss', '-nonce', '-null-alg', '-alternate-alg', '-secondary-aud', '-expired-exp']),
  ...list('FAPI 2.0', `${fapi2}-test-invalid-missing`, ['-aud', '-exp', '-iss', '-nonce']),
  ...list('FAPI 2.0', fapi2, ['-test-valid-aud-as-array', '-test-token-type-case-insensitivity', '-refresh-token-test']),
  ...list('FAPI 2.0', fapi2, ['-test-token-endpoint-response-without-expires_in', '-test-discovery-issuer-mismatch']),
  ...list('FAPI 2.0', fapi2, ['-test-happy-path', '-test-happy-path-no-dpop-nonce', '-test-rs-dpop-auth-scheme-case-insensitivity'], dpop),
  ...list(
    'FAPI 2.0',
    `${fapi2}-test-ensure-jarm-`,
    [
      'signature-is-not-none',
      ...['with-expired-exp', 'with-invalid-aud', 'with-invalid-iss', 'with-invalid-sig'].map((fault) => `${fault}-fails`),
      ...['without-aud', 'without-exp', 'without-iss'].map((fault) => `${fault}-fails`),
    ],
    jarm,
  ),

  ...list('FAPI 1.0', fapi1, ['-invalid-signature', '-no-scope-in-token-endpoint-response']),
  ...list('FAPI 1.0', fapi1, ['-invalid-chash', '-invalid-shash', '-invalid-missing-shash', '-iat-is-week-in-past'], hybrid),
  ...list('FAPI 1.0', fapi1, ['-encrypted-idtoken', '-encrypted-idtoken-usingrsa15'], encryption),
]

export const inScope: readonly ModuleEntry[] = modules.filter(({ outOfScope }) => !outOfScope)

export function moduleNamed(name: string): ModuleEntry {
  const found = modules.find((entry) => entry.name === name)
  if (!found) throw new Error(`There is no module ${name}.`)
  return found
}
