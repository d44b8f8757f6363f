import { accounts } from 'msal-isomorphic/browser'

/**
 * Takes over who is signed in with MSAL Browser 5 on this origin, from `sessionStorage` and `localStorage`, and leaves nothing of it there.
 * Where no ID token is good any more, the refresh token is redeemed at once; if nobody can be reached for that, it rejects, and all is
 * left for the next time. Without anything to take over it does nothing.
 */
export async function bringOver({ app, tokenCache, clientId, scopes }) {
  for (const storage of [sessionStorage, localStorage]) {
    const listed = `msal.3.token.keys.${clientId}`
    const keys = JSON.parse(storage.getItem(listed) ?? '{}')
    const read = (names = []) => Promise.all(names.map((name) => readEntry(storage, name, clientId)))
    const [idTokens, accessTokens, refreshTokens] = (
      await Promise.all([read(keys.idToken), read(keys.accessToken), read(keys.refreshToken)])
    ).map((entries) => entries.filter(Boolean))
    const { homeAccountId } = JSON.parse(storage.getItem(`msal.${clientId}.active-account-filters`) ?? '{}')

    for (const { homeAccountId: owner, familyId, secret } of refreshTokens) {
      // Another tab has been here, or they have signed in anew.
      if (await app.getAccount({ homeAccountId: owner })) continue
      const own = accessTokens.filter((token) => token.homeAccountId === owner && token.credentialType === 'AccessToken')
      const events = own.flatMap((token) => {
        const idToken = idTokens.find(({ homeAccountId, realm }) => homeAccountId === owner && realm === token.realm)?.secret
        return isGood(idToken) ? eventOf(token, { id_token: idToken, refresh_token: secret, foci: familyId }) : []
      })
      for (const event of events) await tokenCache.add({ clientId, ...event })
      if (events.length === 0) await app.acquireTokenByRefreshToken({ refreshToken: secret, scopes }).catch(unlessRefused)
    }
    const active = homeAccountId && (await app.getAccount({ homeAccountId }))
    if (active) accounts(app).active = active

    for (const name of [listed, ...Object.values(keys).flat()]) storage.removeItem(name)
    // The list of accounts is shared with other applications of the origin.
    const isLast = !Object.keys(storage).some((name) => name.startsWith('msal.3.token.keys.'))
    const left = Object.keys(storage).filter((name) => name.startsWith('msal.') && (isLast || name.includes(clientId)))
    for (const name of left) storage.removeItem(name)
  }
}

/** Whose refresh token the provider does not take any more has to sign in. */
function unlessRefused(error) {
  if (error.action === 'retry') throw error
}

/** The token endpoint's answer that an access token came with. */
function eventOf({ homeAccountId, environment, realm, target, secret, tokenType, expiresOn, extendedExpiresOn }, rest) {
  const seconds = (time) => Math.max(0, Number(time) - Math.floor(Date.now() / 1000))
  const [uid, utid] = homeAccountId.split('.')
  const life = { expires_in: seconds(expiresOn), ext_expires_in: seconds(extendedExpiresOn ?? expiresOn) }
  return {
    scopes: target.split(' '),
    tokenEndpoint: `https://${environment}/${realm}/oauth2/v2.0/token`,
    response: {
      access_token: secret,
      token_type: tokenType,
      scope: target,
      ...life,
      client_info: btoa(JSON.stringify({ uid, utid })),
      ...rest,
    },
  }
}

const isGood = (idToken) => idToken && JSON.parse(new TextDecoder().decode(bytes(idToken.split('.')[1]))).exp * 1000 > Date.now()

/** An entry of MSAL Browser's; null where it cannot be read. In `localStorage` it is encrypted, unless the person wanted to stay signed in. */
async function readEntry(storage, name, clientId) {
  const entry = JSON.parse(storage.getItem(name))
  if (!entry?.nonce) return entry
  const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('msal.cache.encryption='))
  const { id, key } = cookie ? JSON.parse(decodeURIComponent(cookie.split('=')[1])) : {}
  if (id !== entry.id) return null
  // A key for each entry, of the session's key (HKDF) and the entry's salt.
  const { subtle } = crypto
  const info = new TextEncoder().encode(name.includes(clientId) ? clientId : '')
  const base = await subtle.importKey('raw', bytes(key), 'HKDF', false, ['deriveKey'])
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: bytes(entry.nonce), info }
  const own = await subtle.deriveKey(derivation, base, { name: 'AES-GCM', length: 256 }, false, ['decrypt'])
  const plain = await subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, own, bytes(entry.data)).catch(() => null)
  return plain && JSON.parse(new TextDecoder().decode(plain))
}

const bytes = (base64Url) =>
  Uint8Array.from(atob(base64Url.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
