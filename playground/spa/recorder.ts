/** What may be told of a request: never a query, a header or a body, for those hold codes and tokens. */
export interface Request {
  method: string
  host: string
  path: string
  /** What it is for, in words. */
  purpose: string
  grantType?: string
}

export interface Ended {
  /** Null: no answer came. */
  status: number | null
  ms: number
}

/** A `fetch` that tells of each request when it begins, and then how it ended. */
export function recorded(begin: (request: Request) => (ended: Ended) => void): typeof fetch {
  return async (input, init) => {
    const ended = begin(describe(input, init))
    const start = performance.now()
    const ms = () => Math.round(performance.now() - start)
    try {
      const response = await fetch(input, init)
      ended({ status: response.status, ms: ms() })
      return response
    } catch (error) {
      ended({ status: null, ms: ms() })
      throw error
    }
  }
}

function describe(input: RequestInfo | URL, init: RequestInit = {}): Request {
  const { host, pathname } = new URL(input instanceof Request ? input.url : input, location.href)
  const grantType = grantTypeOf(init.body)
  return {
    method: init.method ?? 'GET',
    host,
    path: pathname,
    purpose: purposeOf(pathname, grantType),
    ...(grantType && { grantType }),
  }
}

function grantTypeOf(body: unknown): string | undefined {
  const form = typeof body === 'string' ? new URLSearchParams(body) : body
  return form instanceof URLSearchParams ? (form.get('grant_type') ?? undefined) : undefined
}

const grants: Record<string, string> = {
  authorization_code: 'Redeem the code for tokens',
  refresh_token: 'Renew with the refresh token',
}

function purposeOf(path: string, grantType: string | undefined): string {
  if (grantType) return grants[grantType] ?? 'Ask for tokens'
  if (path.endsWith('/.well-known/openid-configuration')) return 'Discover the endpoints'
  if (path.endsWith('/discovery/instance')) return 'Check the authority'
  return 'Call the API'
}
