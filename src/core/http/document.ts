import type { HttpCache, Logger } from '../ports.ts'
import { loaded } from '../util/loaded.ts'
import { parseRecord, toRecord } from '../util/record.ts'
import type { HttpRequest, Send } from './http-client.ts'

/** What sends and what remembers. */
export interface Http {
  send: Send
  /** The application's; else one in memory, made when there is something to remember. */
  cache?: HttpCache | undefined
  logger?: Logger | undefined
}

/** A document to get. */
export interface DocumentRequest extends Omit<HttpRequest, 'method' | 'body'> {
  /** The URL names a person, and the answer may: it is hashed in the cache's key, and of the document only these fields are kept. */
  kept?: readonly string[]
}

/** Gets a JSON object. `read` turns it into what is wanted; it also sees the answers of status 4xx (an empty object where they hold none). */
export async function fetchDocument<T>(
  { send }: Http,
  request: DocumentRequest,
  read: (document: Record<string, unknown>, status: number) => T,
): Promise<T> {
  const answer = await send({ maxBytes: 1 << 19, ...request, method: 'GET' })
  const { status, body } = answer
  const document = parseRecord(body)
  if (status === 429 || status >= 500 || (status < 400 && !document)) {
    const { unavailable, unusable } = await loaded(import('./parse-json.ts'))
    throw (status === 429 ? unavailable : unusable)(answer, request.correlationId)
  }
  return read(document ?? toRecord(), status)
}
