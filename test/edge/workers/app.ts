import { type AccountInfo, ConfidentialClientApplication, TokenCache } from '../../../src/core/index.ts'
import {
  durableObjectStore,
  type KvNamespace,
  kvHttpCache,
  kvStore,
  TokenCacheObject,
  type TokenCacheStub,
} from '../../../src/edge/index.ts'

export { TokenCacheObject }

interface Env {
  KV: KvNamespace
  TOKENS: { idFromName(name: string): unknown; get(id: unknown): TokenCacheStub }
  AUTHORITY: string
  CLIENT_ID: string
  SECRET: string
}

interface Order {
  /** `kv`, or a Durable Object for each partition. */
  store: 'kv' | 'object'
  /** One client for the isolate, or a new one for each request. */
  client: 'shared' | 'new'
  method: 'app' | 'begin' | 'complete' | 'silent' | 'forget'
  scopes: string[]
  flow: Parameters<ConfidentialClientApplication['acquireTokenByAuthCodeFlow']>[0]['flow']
  response: Record<string, string>
  account: AccountInfo
}

const shared = new Map<string, ConfidentialClientApplication>()

function open(env: Env, { store, client }: Order): ConfidentialClientApplication {
  const known = client === 'shared' ? shared.get(store) : undefined
  if (known) return known
  const { KV, TOKENS, AUTHORITY: authority, CLIENT_ID: clientId, SECRET: clientCredential } = env
  const engine = store === 'kv' ? kvStore(KV) : durableObjectStore((partition) => TOKENS.get(TOKENS.idFromName(partition)))
  const knownAuthorities = [new URL(authority).host]
  const tokenCache = new TokenCache({ store: engine })
  const app = new ConfidentialClientApplication({
    clientId,
    clientCredential,
    authority,
    knownAuthorities,
    tokenCache,
    httpCache: kvHttpCache(KV),
  })
  if (client === 'shared') shared.set(store, app)
  return app
}

async function perform(app: ConfidentialClientApplication, { method, scopes, flow, response, account }: Order): Promise<unknown> {
  switch (method) {
    case 'app':
      return app.acquireTokenForClient({ scopes })
    case 'begin':
      return app.initiateAuthCodeFlow({ scopes, redirectUri: 'http://localhost:5555/redirect' })
    case 'complete':
      return app.acquireTokenByAuthCodeFlow({ flow, response })
    case 'silent':
      return app.acquireTokenSilentWithError({ scopes, account })
    case 'forget':
      return app.removeAccount(account)
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const order = (await request.json()) as Order
    try {
      return Response.json((await perform(open(env, order), order)) ?? null)
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string }
      return Response.json({ name, message, code }, { status: 500 })
    }
  },
}
