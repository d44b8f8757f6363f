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

const secretMembers = ['access_token', 'refresh_token', 'id_token', 'device_code', 'code']

/** What an answer holds that must not come back in the description of its error. */
export const secretsIn = (answer: Readonly<Record<string, unknown>>): string[] =>
  secretMembers.flatMap((name) => (typeof answer[name] === 'string' ? (answer[name] as string) : []))
