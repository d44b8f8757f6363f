import { NetworkError } from '../errors.ts'

/** What a call rejects with whose signal was aborted. */
export const aborted = ({ signal, correlationId }: { signal?: AbortSignal | undefined; correlationId?: string | undefined }) =>
  new NetworkError('aborted', 'The call was aborted.', { correlationId, cause: signal!.reason })
