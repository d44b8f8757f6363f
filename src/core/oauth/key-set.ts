import { NetworkError } from '../errors.ts'
import { fetchDocument, type Http } from '../http/document.ts'
import type { Bounds } from '../util/deadline.ts'

/**
 * Gets the provider's keys (RFC 7517 section 5), past every HTTP cache: those that it has kept may be the ones before a rotation. Only an
 * answer of success has any: a refusal is none, whatever it holds.
 */
export function fetchKeySet(http: Http, url: string, bounds: Bounds): Promise<Record<string, unknown>> {
  return fetchDocument(http, { ...bounds, url, noStore: true }, (keySet, status) => {
    const { correlationId } = bounds
    if (status < 400) return keySet
    throw new NetworkError('bad_response', `The keys were answered with status ${status}.`, { correlationId, status })
  })
}
