import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type AccountInfo, type AnyAuthError, isAuthError, SerializableTokenCache } from '../../../src/core/index.ts'
import { sourceFiles } from '../../package/support.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, jwt, type ProviderRequest } from '../../support/fake-provider.ts'
import { confidentialClient, publicClient } from './support.ts'

const start = Date.UTC(2030, 0, 1)
const persons = { alice, bob }
type Name = keyof typeof persons

const grants = ['flow', 'code', 'silent', 'refresh', 'password', 'behalf', 'device', 'app'] as const
const kinds = ['invalid_grant', 'interaction_required', '429', '500', '503', 'empty_429', 'empty_503', 'dropped'] as const

interface Operation {
  who: Name
  grant: (typeof grants)[number]
  /** Which of the person's two codes, refresh tokens and so on: the same one twice is the very same request. */
  which: number
  scope: string
  force: boolean
  /** Milliseconds before it begins. */
  at: number
}

interface Refusal {
  kind: (typeof kinds)[number]
  /** Seconds; Bob is told ten times as many, so that his delay would show with Alice. */
  retryAfter: number | undefined
  /** Milliseconds before the answer. */
  lag: number
}

/** A refusal that was sent, or a connection that was dropped. */
interface Refused {
  who: Name
  secret: string
  kind: Refusal['kind']
  /** When the last delay that follows from it is over. */
  until: number
  /** The delay that it asks for, in milliseconds. */
  delay: number
}

const operation: fc.Arbitrary<Operation> = fc.record({
  who: fc.constantFrom<Name>('alice', 'bob'),
  grant: fc.constantFrom(...grants),
  which: fc.integer({ min: 0, max: 1 }),
  scope: fc.constantFrom('User.Read', 'Mail.Read'),
  force: fc.boolean(),
  at: fc.constantFrom(0, 0, 1, 300, 2000),
})
const refusal: fc.Arbitrary<Refusal | undefined> = fc.option(
  fc.record({
    kind: fc.constantFrom(...kinds),
    retryAfter: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    lag: fc.constantFrom(0, 0, 1, 300),
  }),
  { nil: undefined, freq: 2 },
)

/** A provider that knows whom a request is about by what the request holds, and refuses as the schedule has it. */
function startProvider(schedule: readonly (Refusal | undefined)[]) {
  const provider = new FakeProvider()
  const refused = new Map<string, Refused>()
  const nonces = new Map<string, string>()
  let serial = 0
  let next: number | undefined

  const secretOf = ({ url, form }: ProviderRequest): string =>
    form.device_code ?? form.code ?? form.refresh_token ?? form.assertion ?? form.username ?? url.pathname

  provider.onRequest = (request) => {
    const { url, form } = request
    if (url.pathname.includes('/userrealm/')) return Response.json({ account_type: 'Managed' })
    if (url.pathname.endsWith('/devicecode')) {
      return Response.json({
        user_code: 'ABCD',
        device_code: `device-${form.whose}`,
        verification_uri: 'https://microsoft.com/devicelogin',
        expires_in: 900,
        interval: 1,
      })
    }
    return form.grant_type ? grant(request) : undefined
  }

  async function grant(request: ProviderRequest): Promise<Response> {
    const { form } = request
    const secret = secretOf(request)
    const who = nameIn(secret)
    const now = next === undefined ? undefined : schedule[next++]
    if (now?.lag) await new Promise((resolve) => setTimeout(resolve, now.lag))
    const number = ++serial
    if (!now) return Response.json(answer(form, who, number))

    const { kind } = now
    const seconds = now.retryAfter && now.retryAfter * (who === 'bob' ? 10 : 1)
    const suberror = `for_${who}_${number}`
    const rest = kind === 'invalid_grant' || kind === 'dropped' ? 0 : form.client_secret ? 5000 : 60_000
    const delay = seconds ? seconds * 1000 : rest
    refused.set(suberror, { who, secret, kind, delay, until: Date.now() + delay })
    if (kind === 'dropped') throw new TypeError('fetch failed')
    const status = Number(kind.replace('empty_', '')) || 400
    const headers: Record<string, string> = seconds ? { 'retry-after': String(seconds) } : {}
    if (kind.startsWith('empty_')) return new Response('', { status, headers })
    return Response.json({ error: status === 400 ? kind : 'temporarily_unavailable', suberror }, { status, headers })
  }

  function answer(form: Record<string, string>, who: Name, number: number): Record<string, unknown> {
    const common = { token_type: 'Bearer', expires_in: 3600, access_token: `at-${who}-${number}` }
    if (form.grant_type === 'client_credentials') return common
    const { uid, utid, username } = persons[who]
    const now = Math.floor(Date.now() / 1000)
    return {
      ...common,
      scope: form.scope ?? 'User.Read',
      client_info: Buffer.from(JSON.stringify({ uid, utid })).toString('base64url'),
      // Every other answer rotates the refresh token.
      ...((number % 2 || form.grant_type !== 'refresh_token') && { refresh_token: `rt-${who}-${number}` }),
      id_token: jwt({
        iss: `https://login.microsoftonline.com/${utid}/v2.0`,
        aud: form.client_id,
        sub: `sub-${uid}`,
        oid: uid,
        tid: utid,
        preferred_username: username,
        nonce: nonces.get(form.code ?? ''),
        iat: now,
        exp: now + 3600,
      }),
    }
  }

  const refuse = () => {
    next = 0
  }
  return { provider, refused, nonces, refuse }
}

function nameIn(text: string): Name {
  const names = (Object.keys(persons) as Name[]).filter((name) => text.includes(name))
  if (names.length !== 1) throw new Error(`${names.length} persons in one request`)
  return names[0]!
}

/** Whether a secret is one that an operation may send. */
function mayHold({ who, grant, which }: Operation, secret: string): boolean {
  const rest: Record<Operation['grant'], RegExp> = {
    flow: new RegExp(`^flow-${who}-`),
    code: new RegExp(`^code-${who}-${which}$`),
    silent: new RegExp(`^(rt|migrated)-${who}-`),
    refresh: new RegExp(`^migrated-${who}-${which}$`),
    password: new RegExp(`^${who}@`),
    // Its own refresh token comes first.
    behalf: new RegExp(`^(assertion-${who}-${which}$|rt-${who}-)`),
    device: new RegExp(`^device-${who}-`),
    app: new RegExp(`^/${who}\\.example/|^/${tenants[who]}/`),
  }
  return rest[grant].test(secret)
}

const tenants: Record<Name, string> = { alice: 'alice.example', bob: 'bob.example' }

interface Outcome {
  result?: { accessToken: string; account: AccountInfo | null; idToken?: string; idTokenClaims?: object } | null
  error?: AnyAuthError
  began: number
  ended: number
}

async function run(operations: readonly Operation[], schedule: readonly (Refusal | undefined)[]): Promise<void> {
  vi.setSystemTime(start)
  const { provider, refused, nonces, refuse } = startProvider(schedule)
  // The token endpoint of a named tenant holds the name: it tells whose the token is.
  const { discovery } = provider
  provider.discovery = (url) => {
    const who = (Object.keys(tenants) as Name[]).find((name) => url.pathname.startsWith(`/${tenants[name]}/`))
    const document = discovery.call(provider, url)
    return who ? { ...document, token_endpoint: `${url.origin}/${tenants[who]}/oauth2/v2.0/token` } : document
  }
  const httpCache = new Map<string, string>()
  const shared = { tokenCache: new SerializableTokenCache(), httpCache, timeout: 3_600_000 }
  const confidential = confidentialClient(provider, shared)
  const open = publicClient(provider, shared)
  const accounts = {} as Record<Name, AccountInfo>
  for (const who of ['alice', 'bob'] as const) {
    const { account } = await confidential.acquireTokenByRefreshToken({ refreshToken: `migrated-${who}-9`, scopes: ['User.Read'] })
    accounts[who] = account
  }
  refuse()

  let flows = 0
  const redirectUri = 'https://app.example/'
  const perform: Record<Operation['grant'], (operation: Operation) => Promise<Outcome['result']>> = {
    async flow({ who, scope, force }) {
      const flow = await confidential.initiateAuthCodeFlow({ scopes: [scope], redirectUri })
      const query = new URL(flow.authUri).searchParams
      const code = `flow-${who}-${flows++}`
      nonces.set(code, query.get('nonce')!)
      const redeem = () => confidential.acquireTokenByAuthCodeFlow({ flow, response: { code, state: flow.state } })
      // Another try with the very same request, whatever came of the first.
      return force ? redeem().catch(redeem) : redeem()
    },
    code: ({ who, which, scope }) =>
      confidential.acquireTokenByAuthorizationCode({ code: `code-${who}-${which}`, scopes: [scope], redirectUri }),
    silent: ({ who, scope, force, which }) =>
      (which ? open : confidential).acquireTokenSilentWithError({ account: accounts[who], scopes: [scope], forceRefresh: force }),
    refresh: ({ who, which, scope }) =>
      confidential.acquireTokenByRefreshToken({ refreshToken: `migrated-${who}-${which}`, scopes: [scope] }),
    // Both have the same password.
    password: ({ who, scope, which }) =>
      (which ? open : confidential).acquireTokenByUsernamePassword({
        username: persons[who].username,
        password: 'the-same-password',
        scopes: [scope],
      }),
    behalf: ({ who, which, scope, force }) =>
      confidential.acquireTokenOnBehalfOf({ userAssertion: `assertion-${who}-${which}`, scopes: [scope], forceRefresh: force }),
    async device({ who, scope }) {
      const flow = await open.initiateDeviceFlow({ scopes: [scope], extraBodyParameters: { whose: `${who}-${flows++}` } })
      return open.acquireTokenByDeviceFlow({ flow })
    },
    app: ({ who, scope, force }) =>
      confidential.acquireTokenForClient({
        authority: `https://login.microsoftonline.com/${tenants[who]}`,
        scopes: [`${scope}/.default`],
        forceRefresh: force,
      }),
  }

  const outcomes: (Outcome | undefined)[] = []
  operations.forEach(async (operation, index) => {
    if (operation.at) await new Promise((resolve) => setTimeout(resolve, operation.at))
    const began = Date.now()
    try {
      const result = (await perform[operation.grant](operation)) ?? null
      outcomes[index] = { result, began, ended: Date.now() }
    } catch (error) {
      outcomes[index] = { error: error as AnyAuthError, began, ended: Date.now() }
    }
  })
  for (let turn = 0; operations.some((_, index) => !outcomes[index]); turn++) {
    if (turn > 20_000) throw new Error('An operation never ends.')
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(250)
  }

  for (const [index, operation] of operations.entries()) check(operation, outcomes[index]!, refused)
  const kept = JSON.stringify([...httpCache])
  expect(kept).not.toMatch(/\b(at|rt|code|flow|device|migrated|assertion)-(alice|bob)|password|@|a-secret/)
}

/** What one operation came to has to follow from what the provider answered to its own person. */
function check(operation: Operation, { result, error, began, ended }: Outcome, refused: ReadonlyMap<string, Refused>): void {
  const { who, grant } = operation
  const own = [...refused.values()].filter((one) => one.who === who && mayHold(operation, one.secret))
  if (result) {
    expect(result.accessToken).toMatch(new RegExp(`^at-${who}-\\d+$`))
    const person = persons[who]
    if (grant === 'app') expect(result.account).toBeNull()
    else {
      expect(result.account).toMatchObject({ homeAccountId: homeAccountIdOf(person), username: person.username })
      expect(result.idTokenClaims).toMatchObject({ oid: person.uid, preferred_username: person.username })
      expect(JSON.parse(Buffer.from(result.idToken!.split('.')[1]!, 'base64url').toString())).toMatchObject({ oid: person.uid })
    }
  } else {
    if (!isAuthError(error)) throw error ?? new Error(`${grant} found nothing`)
    // Without a refusal of its own, and not merely of the same person, nothing fails.
    if (!own.length) throw new Error(`${grant} of ${who} failed without a refusal`, { cause: error })
    const { suberror, retryAfter } = error as { suberror?: string; retryAfter?: number }
    const origin = suberror === undefined ? undefined : refused.get(suberror)
    if (suberror !== undefined) expect({ grant, who, mine: origin && own.includes(origin) }).toEqual({ grant, who, mine: true })
    if (retryAfter !== undefined) {
      const latest = Math.max(...(origin ? [origin] : own).map(({ until }) => until))
      // Whole seconds, and the time that passes as the error is handed on.
      expect(ended + retryAfter).toBeLessThanOrEqual(latest + 5000)
    }
    if (error.code === 'throttled') expect(own.some(({ kind }) => kind !== 'dropped' && kind !== 'invalid_grant')).toBe(true)
  }
  // Nobody waits for somebody else's delay.
  let pause = 1000
  let waits = 0
  // Polling doubles its pause where no delay is given, whatever the pause was.
  for (const { delay } of grant === 'device' ? own : []) {
    pause = Math.max(delay, Math.min(pause * 2, 60_000))
    waits += pause
  }
  expect(ended - began).toBeLessThanOrEqual(waits + 8000)
}

// What is loaded when it is first needed takes real time, while the clock of the test goes on.
beforeAll(() => Promise.all(sourceFiles('src/core').map((path) => import(`../../../${path}`))))
beforeEach(() => {
  vi.useFakeTimers({ now: start, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
  // A digest by another thread takes real time, while the clock of the test goes on.
  vi.spyOn(crypto.subtle, 'digest').mockImplementation(
    async (_, data) =>
      new Uint8Array(
        createHash('sha256')
          .update(new Uint8Array(data as ArrayBuffer))
          .digest(),
      ).buffer,
  )
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

it('S24 S40 S46 two persons never get the token, the error or the delay of each other', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 10 }), fc.array(refusal, { minLength: 0, maxLength: 14 }), run),
    { numRuns: 1000 },
  )
})
