import { decodeBase64UrlText } from '../util/base64url.ts'
import { parseRecord } from '../util/record.ts'

const maxLength = 65_536

/** The header and claims of a compact JWT (RFC 7519), unverified; undefined where it is malformed. */
export function decodeJwt(jwt: string): { header: Record<string, unknown>; claims: Record<string, unknown> } | undefined {
  const parts = jwt.length > maxLength ? [] : jwt.split('.')
  if (parts.length !== 3 || !parts[2]) return undefined
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => parseRecord(decodeBase64UrlText(part)))
    return header && claims && { header, claims }
  } catch {
    return undefined
  }
}
