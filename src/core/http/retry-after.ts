/** No answer keeps a caller waiting for longer. */
export const LONGEST_WAIT = 3_600_000

const httpDate = /^[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -](\d\d){1,2} \d\d:\d\d:\d\d GMT$/
// The oldest form: GMT, though it does not say so.
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

/**
 * The milliseconds of a `Retry-After` header: seconds or an HTTP date (RFC 9110 sections 10.2.3 and 5.6.7), at most an hour.
 * Undefined where there is none or it is neither.
 */
export function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? ''
  const date = asctime.test(value) ? `${value} GMT` : httpDate.test(value) ? value : ''
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Math.max(0, Date.parse(date) - Date.now())
  return wait >= 0 ? Math.min(wait, LONGEST_WAIT) : undefined
}
