/** Caches in the unified schema, of any number of users or tenants, as JSON that every MSAL reads. */

export const clientId = '11111111-2222-3333-4444-555555555555'
export const tenantId = '99999999-8888-7777-6666-555555555555'
export const host = 'login.microsoftonline.com'
export const authority = `https://${host}/${tenantId}`
export const scopes = ['User.Read']
export const appScopes = ['https://graph.microsoft.com/.default']

/** Bytes of an access token and a refresh token: as Microsoft issues them, or small, where a hundred thousand accounts must fit in one string. */
export const realistic = { accessToken: 1800, refreshToken: 1100 }
export const small = { accessToken: 100, refreshToken: 100 }

const guid = (kind, index) => `${kind}0000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
const userId = (index) => guid('a', index)
export const tenantOf = (index) => guid('b', index)
export const tokenOf = (index, bytes) => `${index}.`.padEnd(bytes, 'aZ09-_')
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The account of one user, in the form that a library hands out and takes back. */
export const accountOf = (index) => ({
  homeAccountId: `${userId(index)}.${tenantId}`,
  environment: host,
  tenantId,
  localAccountId: userId(index),
  username: `user${index}@contoso.example`,
  name: `User ${index}`,
  authorityType: 'MSSTS',
})

function idTokenOf(index, now) {
  const claims = {
    aud: clientId,
    iss: `${authority}/v2.0`,
    iat: now,
    nbf: now,
    exp: now + 3600,
    name: `User ${index}`,
    nonce: guid('c', index),
    oid: userId(index),
    preferred_username: `user${index}@contoso.example`,
    sub: `subject-${index}`,
    tid: tenantId,
    ver: '2.0',
  }
  return `${base64url({ typ: 'JWT', alg: 'RS256', kid: 'a-key-of-the-provider' })}.${base64url(claims)}.${'s'.repeat(342)}`
}

function lifetime({ expiresIn = 3600, refreshIn }) {
  const now = Math.floor(Date.now() / 1000)
  const times = { cached_at: `${now}`, expires_on: `${now + expiresIn}`, extended_expires_on: `${now + expiresIn}` }
  return refreshIn === undefined ? times : { ...times, refresh_on: `${now + refreshIn}` }
}

/**
 * One access token, refresh token, id token and account for each of `count` users. The sections are joined as text, because
 * `JSON.stringify` of the object would need the memory twice.
 */
export function userCache(count, options) {
  return cacheOf(count, (index) => index, options)
}

/** What a store holds of one user. */
export function partitionOf(homeAccountId, options) {
  const index = Number.parseInt(homeAccountId.slice(24, 36), 16)
  return cacheOf(1, () => index, options)
}

/** Some users with all that a provider has given them, for libraries that are told of one at a time. */
export function usersOf(count, options) {
  return Array.from({ length: count }, (_, index) => {
    const account = accountOf(index)
    const partition = partitionOf(account.homeAccountId, options)
    const { AccessToken, IdToken, RefreshToken } = JSON.parse(partition)
    const [accessToken, idToken, refreshToken] = [AccessToken, IdToken, RefreshToken].map((section) => Object.values(section)[0].secret)
    const [uid, utid] = account.homeAccountId.split('.')
    return { account, partition, clientInfo: base64url({ uid, utid }), accessToken, idToken, refreshToken }
  })
}

function cacheOf(count, indexOf, { sizes = realistic, ...times } = {}) {
  const sections = { AccessToken: [], RefreshToken: [], IdToken: [], Account: [] }
  const put = (section, key, entity) => sections[section].push(`${JSON.stringify(key.toLowerCase())}:${JSON.stringify(entity)}`)
  const now = Math.floor(Date.now() / 1000)
  const life = lifetime(times)
  const target = scopes.join(' ')
  for (let turn = 0; turn < count; turn++) {
    const index = indexOf(turn)
    const { homeAccountId, username, name } = accountOf(index)
    const owner = { home_account_id: homeAccountId, environment: host }
    const credential = (credential_type, secret, rest) => ({ ...owner, credential_type, client_id: clientId, secret, ...rest })
    const key = (type, realm, scope) => `${homeAccountId}-${host}-${type}-${clientId}-${realm}-${scope}-`
    const accessToken = { realm: tenantId, target, token_type: 'Bearer', ...life }
    put('AccessToken', key('AccessToken', tenantId, target), credential('AccessToken', tokenOf(index, sizes.accessToken), accessToken))
    put('RefreshToken', key('RefreshToken', '', ''), credential('RefreshToken', `refresh-${tokenOf(index, sizes.refreshToken)}`))
    put('IdToken', key('IdToken', tenantId, ''), credential('IdToken', idTokenOf(index, now), { realm: tenantId }))
    const account = { realm: tenantId, local_account_id: userId(index), username, name, authority_type: 'MSSTS' }
    put('Account', `${homeAccountId}-${host}-${tenantId}`, { ...owner, ...account })
  }
  const appMetadata = `"appmetadata-${host}-${clientId}":${JSON.stringify({ client_id: clientId, environment: host })}`
  const text = Object.entries(sections).map(([section, entries]) => `"${section}":{${entries.join(',')}}`)
  return `{${text.join(',')},"AppMetadata":{${appMetadata}}}`
}

/** One application token for each of `count` tenants. */
export function appCache(count, { sizes = realistic, ...times } = {}) {
  const life = lifetime(times)
  const target = appScopes.join(' ')
  const entries = Array.from({ length: count }, (_, index) => {
    const realm = tenantOf(index)
    const owner = { home_account_id: '', environment: host, credential_type: 'AccessToken', client_id: clientId }
    const entity = { ...owner, secret: tokenOf(index, sizes.accessToken), realm, target, token_type: 'Bearer', ...life }
    return [`-${host}-accesstoken-${clientId}-${realm}-${target}-`.toLowerCase(), entity]
  })
  return JSON.stringify({ AccessToken: Object.fromEntries(entries), RefreshToken: {}, IdToken: {}, Account: {}, AppMetadata: {} })
}

/** Goes through all of `count` in an order that the processor's caches cannot guess; 7919 is prime. */
export const rotate = (count) => {
  const step = 7919 % count || 1
  let index = 0
  return () => {
    index += step
    if (index >= count) index -= count
    return index
  }
}
