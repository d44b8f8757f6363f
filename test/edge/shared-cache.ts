/** Statuses that a cache may keep by guess, without a word about how long (RFC 9110 section 15.1). */
const guessable = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]

interface Stored {
  /** The request headers that `Vary` names, as they were. */
  selecting: [name: string, value: string | null][]
  response: Response
}

/**
 * A cache that many people share, such as a CDN's, as bold as RFC 9111 lets it be: it keeps all that section 3 allows, and what says
 * nothing about its age is fresh for ever. What would need validation (`no-cache`) is asked for again.
 */
export class SharedCache {
  /** The paths of what was answered without asking. */
  readonly hits: string[] = []
  readonly #origin: string
  readonly #fetch: typeof fetch
  readonly #stored = new Map<string, Stored[]>()

  constructor(origin: string, upstream: typeof fetch) {
    this.#origin = origin
    this.#fetch = upstream
  }

  /** In the place of `fetch`; what is not for the cache's own origin goes past it. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const { url, method, headers } = request
    if (new URL(url).origin !== this.#origin || method !== 'GET') return this.#fetch(input, init)
    const known = this.#stored.get(url) ?? []
    const match = known.find(({ selecting }) => selecting.every(([name, value]) => headers.get(name) === value))
    if (match && !directives(headers).has('no-cache')) {
      this.hits.push(new URL(url).pathname)
      return match.response.clone()
    }
    const response = await this.#fetch(input, init)
    if (mayKeep(request, response)) {
      const selecting = list(response.headers.get('vary')).map((name): [string, string | null] => [name, headers.get(name)])
      this.#stored.set(url, [...known, { selecting, response: response.clone() }])
    }
    return response
  }
}

const list = (value: string | null): string[] =>
  (value ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .filter(Boolean)

const directives = (headers: Headers): Map<string, string> =>
  new Map(list(headers.get('cache-control')).map((text) => text.split('=') as [string, string]))

/** RFC 9111 section 3, of a shared cache; `Set-Cookie` does not keep it from anything (section 7.3). */
function mayKeep(request: Request, { status, headers }: Response): boolean {
  const says = directives(headers)
  const age = says.get('s-maxage') ?? says.get('max-age')
  if (directives(request.headers).has('no-store') || ['no-store', 'private', 'no-cache'].some((name) => says.has(name))) return false
  if (list(headers.get('vary')).includes('*')) return false
  if (request.headers.has('authorization') && !['public', 's-maxage', 'must-revalidate'].some((name) => says.has(name))) return false
  return age === undefined ? says.has('public') || headers.has('expires') || guessable.includes(status) : Number(age) > 0
}
