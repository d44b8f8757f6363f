import type { UserResult } from 'msal-isomorphic'
import { element, found } from './element.ts'

/** What the claims of these tokens mean (OpenID Connect Core 1.0 section 2, RFC 9068, and the Microsoft identity platform). */
const meanings: Record<string, string> = {
  acrs: 'authentication contexts reached',
  alg: 'how it is signed',
  aud: 'whom it is for',
  auth_time: 'when the person signed in',
  azp: 'the client that asked',
  azpacr: 'how that client proved itself',
  email: 'an address, no identity',
  exp: 'good until',
  iat: 'issued',
  iss: 'who issued it',
  kid: 'which key signed it',
  name: 'a name to show',
  nbf: 'good from',
  nonce: 'ties it to this sign-in',
  oid: 'the person, in this tenant',
  preferred_username: 'a name to show, may change',
  scp: 'what it allows',
  sid: 'the session at the provider',
  sub: 'the person, for this client',
  tid: 'the tenant',
  typ: 'what it is',
  uti: 'the token’s own id',
  ver: 'version of the format',
  xms_cc: 'what the client can do',
}
const times = ['auth_time', 'exp', 'iat', 'nbf']

/** Shows what is in the tokens, and never the tokens. */
export function createTokenView() {
  const view = found('tokens', HTMLElement)
  const open = new Set(['ID token'])
  return function render(result: UserResult | null): void {
    const { idToken, accessToken } = result ?? {}
    view.replaceChildren(
      ...(idToken ? [panel('ID token', 'who signed in, for this page', idToken)] : []),
      ...(accessToken ? [panel('Access token', 'for the API alone; shown here to learn from', accessToken)] : []),
    )
  }

  function panel(title: string, purpose: string, token: string): HTMLElement {
    const details = element('details', { open: open.has(title) })
    details.addEventListener('toggle', () => (details.open ? open.add(title) : open.delete(title)))
    const what = element('span', { class: 'quiet' }, ` ${purpose}`)
    details.append(element('summary', {}, element('strong', {}, title), what), masked(token), ...decoded(token))
    return details
  }
}

/** How long its parts are. */
function masked(token: string): HTMLElement {
  const parts = token.split('.')
  const names = parts.length === 3 ? ['header', 'claims', 'signature'] : ['opaque']
  const size = (name: string, index: number) =>
    element('span', { class: 'part' }, element('span', { 'aria-hidden': 'true' }, '••••• '), `${name}, ${(parts[index] ?? token).length}`)
  return element('p', { class: 'masked' }, ...names.map(size), element('span', { class: 'quiet' }, 'characters, masked'))
}

function decoded(token: string): Node[] {
  const parts = token.split('.')
  const [header, claims] = parts.length === 3 ? parts.slice(0, 2).map(read) : []
  if (!header || !claims) return [element('p', { class: 'quiet' }, 'It is no JWT: only the API can read it.')]
  return [...claimList('Header', header), ...claimList('Claims', claims)]
}

function read(part: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function claimList(title: string, claims: Record<string, unknown>): Node[] {
  const pairs = Object.entries(claims).map(([name, value]) => {
    const meaning = meanings[name]
    const term = element('dt', {}, element('code', {}, name), ...(meaning ? [element('span', { class: 'quiet' }, meaning)] : []))
    return element('div', {}, term, element('dd', {}, ...shownValue(name, value)))
  })
  return [element('h3', {}, title), element('dl', { class: 'claims' }, ...pairs)]
}

function shownValue(name: string, value: unknown): (Node | string)[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (!times.includes(name) || typeof value !== 'number') return [element('code', {}, text)]
  const date = new Date(value * 1000)
  return [element('time', { datetime: date.toISOString() }, date.toLocaleString()), ' ', element('code', { class: 'quiet' }, text)]
}
