/** Remote text without the secrets that it repeats, whether as they are or as a URL, a form or JSON writes them. */
export function masked(text: string, secrets: readonly string[]): string {
  // What is as short as that would be found everywhere.
  const written = secrets.filter((secret) => secret.length > 3).flatMap(formsOf)
  // The longest first: one may be a part of another.
  return written.sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

function formsOf(secret: string): string[] {
  const wellFormed = secret.replace(/\p{Cs}/gu, '\ufffd')
  return [
    secret,
    encodeURIComponent(wellFormed),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
  ]
}
