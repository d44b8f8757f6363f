import type { CacheStore } from '../../../src/core/index.ts'
import { durableObjectStore, type KvNamespace, kvStore, TokenCacheObject, type TokenCacheStub } from '../../../src/edge/index.ts'
import { cacheStoreContract } from '../../../src/testing/index.ts'

interface ObjectNamespace {
  idFromName(name: string): unknown
  get(id: unknown): TokenCacheStub
}

interface Env {
  KV: KvNamespace
  TOKENS: ObjectNamespace
  KEYS_AND_VALUES: ObjectNamespace
}

type Constructed = ConstructorParameters<typeof TokenCacheObject>[0] & {
  storage: { list(): Promise<Map<string, unknown>>; deleteAlarm(): Promise<void> }
}

/** Tells what it keeps, has its alarm ring early, and does many requests as one. */
export class OpenObject extends TokenCacheObject {
  readonly #state: Constructed

  constructor(state: Constructed) {
    super(state)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    const { storage } = this.#state
    if (request.method === 'PUT') await this.alarm()
    if (request.method === 'PATCH')
      for (const each of (await request.json()) as object[])
        await super.fetch(new Request(request.url, { method: 'POST', body: JSON.stringify(each) }))
    if (request.method === 'POST') return super.fetch(request)
    return Response.json({ keys: [...(await storage.list()).keys()], alarm: await storage.getAlarm() })
  }
}

export { TokenCacheObject }

const objectOf = (namespace: ObjectNamespace, name: string) => namespace.get(namespace.idFromName(name))

const stores: Record<string, (env: Env) => CacheStore> = {
  KV: ({ KV }) => kvStore(KV),
  'one object': ({ TOKENS }) => durableObjectStore(() => objectOf(TOKENS, 'all')),
  'a stub': ({ TOKENS }) => durableObjectStore(objectOf(TOKENS, 'stub')),
  'an object for each partition': ({ TOKENS }) => durableObjectStore((partition) => objectOf(TOKENS, partition)),
  'an object that keeps keys and values': ({ KEYS_AND_VALUES }) => durableObjectStore(() => objectOf(KEYS_AND_VALUES, 'all')),
}

export default {
  /** Runs the check of the contract that is asked for; `?list` names the stores. */
  async fetch(request: Request, env: Env): Promise<Response> {
    const [store, check] = new URL(request.url).searchParams.values()
    const open = stores[store ?? '']
    if (!open) return Response.json(Object.keys(stores))
    const found = cacheStoreContract(() => open(env)).find(({ name }) => name === check)
    try {
      if (!found) throw new Error('There is no such check.')
      await found.run()
      return new Response('passed')
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
}
