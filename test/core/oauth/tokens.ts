const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A JWT of any header and claims, or of the texts that stand for them; nobody has signed it. */
export const jwt = (header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl'): string =>
  `${encode(header)}.${encode(claims)}.${signature}`

/** An id token whose claims are good, but for those that are given; undefined leaves a claim out. */
export function idToken(claims: object = {}, header: object = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: 'https://idp.example', sub: 'subject', aud: 'client', iat: now, exp: now + 3600 }
  return jwt({ alg: 'RS256', typ: 'JWT', kid: 'key', ...header }, { ...good, ...claims })
}
