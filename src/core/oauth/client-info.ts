import { decodeBase64UrlText } from '../util/base64url.ts'
import { parseRecord } from '../util/record.ts'
import { badField } from './token-response.ts'

/** The home account id, `{uid}.{utid}`, that a `client_info` value holds, where it holds one. Throws `bad_response` for what is no such value. */
export function readClientInfo(clientInfo: string | undefined): string | undefined {
  if (clientInfo === undefined) return undefined
  let info: Record<string, unknown> | undefined
  try {
    info = parseRecord(decodeBase64UrlText(clientInfo))
  } catch {}
  if (!info) throw badField('client_info')
  const { uid, utid } = info
  return typeof uid === 'string' && uid && typeof utid === 'string' && utid ? `${uid}.${utid}` : undefined
}
