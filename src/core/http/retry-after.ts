/** No answer keeps a caller waiting for longer. */
export const LONGEST_WAIT = 3_600_000

const httpDate = /^[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -](\d\d){1,2} \d\d:\d\d:\d\d GMT$/

/**
 * The milliseconds of a `Retry-After` header: seconds or an HTTP date (RFC 9110 section 10.2.3), at most an hour.
 * Undefined where there is none or it is neither.
 */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? ''
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : httpDate.test(value) ? Math.max(0, Date.parse(value) - Date.now()) : Number.NaN
  return wait >= 0 ? Math.min(wait, LONGEST_WAIT) : undefined
}
