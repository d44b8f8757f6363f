/**
 * Moves a client's secret from the fields of a form to an `Authorization` header (RFC 6749 section 2.3.1). Form-encoded first, both parts are
 * ASCII and hold no colon.
 */
export function takeSecret(fields: { client_id: string; client_secret?: string | undefined }): { authorization: string } {
  const authorization = `Basic ${btoa(`${encoded(fields.client_id)}:${encoded(fields.client_secret!)}`)}`
  delete fields.client_secret
  return { authorization }
}

/** What such a header holds that nobody may see. */
export function basicSecrets(authorization = ''): string[] {
  const credentials = authorization.replace('Basic ', '')
  const secret = atob(credentials).split(':')[1]
  return secret ? [credentials, secret, new URLSearchParams(`=${secret}`).get('')!] : []
}

const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1)
