import { generateTestKey, type TestKey } from '../core/util/keys.ts'

/** The client, as the provider has registered it. */
export const clientId = 'relying-party'
/** With signs that HTTP Basic has to encode (RFC 6749 section 2.3.1). */
export const clientSecret = 'a secret: 100 % + "&=~'
export const redirectUri = 'https://app.example/callback'
export const postLogoutRedirectUri = 'https://app.example/signed-out'

let key: TestKey | undefined

/** The key and certificate of a client that authenticates itself with an assertion. */
export const clientKey = (): TestKey => (key ??= generateTestKey('/CN=relying-party'))
