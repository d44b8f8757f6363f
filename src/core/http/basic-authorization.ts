/** The `Authorization` header of a client with a secret (RFC 6749 section 2.3.1). Form-encoded first, both parts are ASCII and hold no colon. */
export const basicAuthorization = (clientId: string, secret: string): string => `Basic ${btoa(`${encoded(clientId)}:${encoded(secret)}`)}`

/** What such a header holds that nobody may see. */
export function basicSecrets(authorization = ''): string[] {
  const credentials = authorization.replace('Basic ', '')
  const secret = atob(credentials).split(':')[1]
  return secret ? [credentials, secret, new URLSearchParams(`=${secret}`).get('')!] : []
}

const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
