import { jwt } from '../../support/fake-provider.ts'

export const clientId = '11111111-aaaa-bbbb-cccc-222222222222'
export const host = 'login.microsoftonline.com'
export const tenant = '11111111-1111-4111-8111-111111111111'
export const uid = '00000000-0000-4000-8000-00000000a11c'
export const home = `${uid}.${tenant}`

export const endpointOf = (realm: string, on = host) => `https://${on}/${realm}/oauth2/v2.0/token`
export const tokenEndpoint = endpointOf(tenant)
export const clientInfoOf = (user = uid, utid = tenant) => Buffer.from(JSON.stringify({ uid: user, utid })).toString('base64url')

/** Claims that pass, for a token that is issued now. */
export function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  const iss = `https://${host}/${tenant}/v2.0`
  return {
    iss,
    aud: clientId,
    sub: 'sub-1',
    oid: uid,
    tid: tenant,
    preferred_username: 'jo@contoso.com',
    iat: now,
    exp: now + 3600,
    ...changes,
  }
}

export const userResponse = (changes: Record<string, unknown> = {}) => ({
  token_type: 'Bearer',
  scope: 'User.Read Mail.Read openid profile',
  expires_in: 3600,
  ext_expires_in: 7200,
  refresh_in: 1800,
  access_token: 'USER-AT',
  refresh_token: 'USER-RT',
  foci: '1',
  id_token: jwt(claims()),
  client_info: clientInfoOf(),
  ...changes,
})

export const userEvent = (changes: Record<string, unknown> = {}, response: Record<string, unknown> = {}) => ({
  clientId,
  scopes: ['User.Read'],
  tokenEndpoint,
  grantType: 'authorization_code',
  response: userResponse(response),
  ...changes,
})

export const appEvent = (changes: Record<string, unknown> = {}, response: Record<string, unknown> = {}) => ({
  clientId,
  scopes: ['https://graph.microsoft.com/.default'],
  tokenEndpoint,
  grantType: 'client_credentials',
  response: { token_type: 'Bearer', expires_in: 3599, access_token: 'APP-AT', ...response },
  ...changes,
})
