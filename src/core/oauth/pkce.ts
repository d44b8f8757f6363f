import { encodeBase64Url } from '../util/base64url-encode.ts'
import { randomBase64Url, sha256 } from '../util/crypto.ts'

/** A code verifier and its S256 challenge (RFC 7636 section 4). */
export async function createPkce(): Promise<{ codeVerifier: string; codeChallenge: string }> {
  const codeVerifier = randomBase64Url(32)
  return { codeVerifier, codeChallenge: encodeBase64Url(await sha256(codeVerifier)) }
}
