import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'
import { bundleWorker, startWorkerd, workerOf } from './workerd-support.ts'

// Two Workers are two isolates; they are bound to the same namespaces.
const isolates = ['first', 'second']
const scopes = ['User.Read']
const graph = ['https://graph.microsoft.com/.default']

let playground: Playground
let workerd: Miniflare
beforeAll(async () => {
  playground = await startPlayground({ https: false, settings: { rotateRefreshTokens: true, rotationGraceSeconds: 0 } })
  const contents = await bundleWorker('app')
  const { clientId, secret } = playground.provider.clients.web
  const bindings = { AUTHORITY: playground.provider.authority(tenants.contoso), CLIENT_ID: clientId, SECRET: secret }
  const [first, second] = isolates.map((name) => {
    const TOKENS = { className: 'TokenCacheObject', useSQLite: true, ...(name === 'second' && { scriptName: 'first' }) }
    return workerOf(name, contents, { bindings, kvNamespaces: { KV: 'tokens' }, durableObjects: { TOKENS } })
  })
  workerd = await startWorkerd(first!, second!)
})
afterAll(async () => {
  await workerd?.dispose()
  await playground?.close()
})

type Answer = Record<string, unknown>

async function ask(isolate: string, order: Record<string, unknown>): Promise<Answer> {
  // Its declarations need those of Cloudflare, which are not here.
  const worker = (await workerd.getWorker(isolate)) as unknown as { fetch: typeof fetch }
  const response = await worker.fetch('http://worker/', { method: 'POST', body: JSON.stringify(order) })
  const answer = (await response.json()) as Answer
  if (!response.ok) throw Object.assign(new Error(String(answer.message)), answer)
  return answer
}

const discoveries = () => playground.provider.requests.filter(({ path }) => path.includes('/.well-known/')).length
const refreshes = () => playground.provider.tokenRequests('refresh_token').length

async function signInAt(isolate: string, choice: Record<string, unknown>, person = users.alice): Promise<unknown> {
  const flow = await ask(isolate, { ...choice, method: 'begin', scopes })
  const { params: response } = await signIn(String(flow.authUri), person)
  const { account } = await ask(isolate, { ...choice, method: 'complete', flow, response })
  return account
}

describe.each(['kv', 'object'])('over %s', (store) => {
  test('an application token of one isolate is served in the other, and the discovery document is asked for once', async () => {
    const order = { store, client: 'shared', method: 'app', scopes: graph }
    const before = playground.provider.tokenRequests('client_credentials').length
    const first = await ask('first', order)
    const second = await ask('second', order)
    expect([first.tokenSource, second.tokenSource]).toEqual(['identity_provider', 'cache'])
    expect(second.accessToken).toBe(first.accessToken)
    const other = await ask('second', { ...order, scopes: ['api://notes/.default'] })
    expect(other.tokenSource).toBe('identity_provider')
    expect(playground.provider.tokenRequests('client_credentials').length - before).toBe(2)
    expect(discoveries()).toBe(1)
  })

  test.each(['shared', 'new'])(
    'a person signed in at one isolate has tokens at the other, and signs out there: %s client',
    async (client) => {
      const choice = { store, client }
      const account = await signInAt('first', choice)
      const before = refreshes()
      expect(await ask('second', { ...choice, method: 'silent', scopes, account })).toMatchObject({ tokenSource: 'cache' })
      const renewed = await ask('second', { ...choice, method: 'silent', scopes: ['Mail.Read'], account })
      expect(renewed.tokenSource).toBe('identity_provider')
      expect(refreshes() - before).toBe(1)
      await ask('second', { ...choice, method: 'forget', account })
      // A client that is kept trusts its memory for a minute.
      for (const isolate of client === 'new' ? isolates : ['second'])
        expect(await ask(isolate, { ...choice, method: 'silent', scopes, account })).toBeNull()
    },
  )
})

describe('a provider that takes each refresh token once', () => {
  beforeEach(() => playground.provider.control.clearFaults())

  test.each(['new', 'shared'])(
    'twenty who renew at once in two isolates, over Durable Objects, make one request: %s client',
    async (client) => {
      const choice = { store: 'object', client }
      const account = await signInAt('first', choice, client === 'new' ? users.bob : users.gina)
      const before = refreshes()
      playground.provider.control.failNext({ when: { grantType: 'refresh_token' }, delay: 300, times: 1 })
      const orders = Array.from({ length: 20 }, (_, index) =>
        ask(isolates[index % 2]!, { ...choice, method: 'silent', scopes: ['api://notes/Notes.Read'], account }),
      )
      const answers = await Promise.all(orders)
      expect(refreshes() - before).toBe(1)
      expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1)
      // And the token that was rotated in is the one that both have.
      for (const [index, isolate] of isolates.entries()) {
        const next = await ask(isolate, { ...choice, method: 'silent', scopes: [['Mail.Read', 'User.Read.All'][index]], account })
        expect(next.tokenSource).toBe('identity_provider')
      }
    },
  )
})
