import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type CacheStore, TokenCache } from 'msal-isomorphic'
import { expect } from 'vitest'
import { clientId, homeAccountId, otherClientId, type RotatingProvider, scopes } from './rotating-provider.ts'

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url))

/** What a process got when it asked for everybody's token. */
export interface Report {
  /** By home account id; null where the user would have to sign in. */
  tokens: Record<string, string | null>
  errors: string[]
  storeErrors: string[]
  /** The longest time that the machine, or its own work, kept the process from going on, in milliseconds. */
  delay: number
}

export interface Worker {
  name: string
  /** Asks for everybody's token; undefined where the process ended meanwhile. */
  ask(): Promise<Report | undefined>
  kill(): void
}

/** Where the processes keep their tokens. */
export type Place = { file: string } | { redis: { port: number; timeout: number } }

/** Processes of one application that share a store, and its users. */
export class Fleet {
  readonly provider: RotatingProvider
  readonly users: string[]
  readonly workers: Worker[] = []
  /** How many users each process asks for at a time. */
  readonly concurrency: number
  readonly #reports: Report[] = []
  /** What the stores of this process complained of. */
  readonly #complaints: string[] = []
  /** The refresh tokens of users who have signed in at another application too. */
  readonly #elsewhere = new Map<string, string>()
  readonly #children = new Set<ChildProcess>()

  constructor(provider: RotatingProvider, count: number, concurrency: number) {
    this.provider = provider
    this.concurrency = concurrency
    this.users = Array.from({ length: count }, (_, index) => `user${String(index).padStart(4, '0')}`)
  }

  /** Signs everybody in; their access tokens are over at once. */
  async signIn(store: CacheStore): Promise<void> {
    const errors: unknown[] = []
    const cache = new TokenCache({ store, onStoreError: (error) => errors.push(error) })
    const { tokenEndpoint } = this.provider
    const signIn = (user: string) => cache.add({ clientId, scopes, tokenEndpoint, response: this.provider.issue(user, 0) })
    await Promise.all(this.users.map(signIn))
    expect(errors).toEqual([])
  }

  /** A sign-in at another application, which goes into the same partition and waits for no lock. */
  async signInElsewhere(user: string, store: CacheStore): Promise<void> {
    const { tokenEndpoint } = this.provider
    const response = this.provider.issue(user, 3600, otherClientId)
    const onStoreError = (error: unknown) => this.#complaints.push(String(error))
    await new TokenCache({ store, onStoreError }).add({ clientId: otherClientId, scopes, tokenEndpoint, response })
    this.#elsewhere.set(user, response.refresh_token)
  }

  async start(count: number, place: Place, options: { revalidateAfter?: number } = {}): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#start(place, options)))
  }

  async #start(place: Place, { revalidateAfter }: { revalidateAfter?: number }): Promise<void> {
    const number = this.workers.length
    const name = `process-${number}`
    const worker: Worker = { name, ask: async () => undefined, kill: () => child.kill('SIGKILL') }
    this.workers.push(worker)
    const client = number % 2 ? 'ioredis' : 'redis'
    const child = fork(
      script,
      [
        JSON.stringify({
          name,
          users: this.users.map(homeAccountId),
          clientId,
          authority: this.provider.authority,
          scopes,
          concurrency: this.concurrency,
          revalidateAfter,
          ...('file' in place ? place : { redis: { ...place.redis, client } }),
        }),
      ],
      { execArgv: [] },
    )
    this.#children.add(child)
    const ended = once(child, 'exit').then(() => undefined)
    worker.ask = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return undefined
      const answer = once(child, 'message')
      child.send('ask')
      const report = (await Promise.race([answer, ended]))?.[0] as Report | undefined
      if (report) this.#reports.push(report)
      return report
    }
    if ((await Promise.race([once(child, 'message'), ended])) === undefined) throw new Error(`${name} did not start.`)
  }

  ask(): Promise<(Report | undefined)[]> {
    return Promise.all(this.workers.map((worker) => worker.ask()))
  }

  /** Whether something was given up for the time it took, and the machine had given the processes no time. */
  get isStarved(): boolean {
    const complaints = [...this.#complaints, ...this.#reports.flatMap(({ errors, storeErrors }) => [...errors, ...storeErrors])]
    const isLate = complaints.some((complaint) => /timed_out|within \d+ ms|for 10 s/.test(complaint))
    return isLate && this.#reports.some(({ delay }) => delay > 500)
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  /** Every call of every process has got its own user's token, without a complaint; where `lost`, it may have got none. */
  expectServed(reports: readonly (Report | undefined)[], lost: ReadonlySet<string> = new Set()): void {
    for (const report of reports) {
      if (!report) continue
      expect(report.errors).toEqual([])
      expect(Object.keys(report.tokens)).toHaveLength(this.users.length)
      for (const user of this.users) {
        const token = report.tokens[homeAccountId(user)]
        if (token !== null || !lost.has(user)) expect(token?.split(' ').slice(0, 2), user).toEqual(['at', user])
      }
    }
  }

  /** Every process has the tokens that were issued last. */
  expectLatest(reports: readonly (Report | undefined)[]): void {
    const latest = Object.fromEntries(this.users.map((user) => [homeAccountId(user), this.provider.latest.get(user)!.accessToken]))
    for (const report of reports) if (report) expect(report.tokens).toEqual(latest)
  }

  /** The store holds, of every user, one refresh token and one access token: those that were issued last. */
  async expectStored(store: CacheStore, lost: ReadonlySet<string> = new Set()): Promise<void> {
    for (const user of this.users) {
      if (lost.has(user)) continue
      const found = await store.read(`user:${homeAccountId(user)}`)
      const { RefreshToken = {}, AccessToken = {}, Account = {}, IdToken = {} } = JSON.parse(found?.value ?? '{}')
      const secrets = (section: object, client: string) =>
        Object.values(section).flatMap(({ client_id, secret }) => (client_id === client ? secret : []))
      const { refreshToken, accessToken } = this.provider.latest.get(user)!
      expect([secrets(RefreshToken, clientId), secrets(AccessToken, clientId)], user).toEqual([[refreshToken], [accessToken]])
      const elsewhere = this.#elsewhere.has(user) ? [this.#elsewhere.get(user)] : []
      expect(secrets(RefreshToken, otherClientId), user).toEqual(elsewhere)
      expect([Object.keys(Account).length, Object.keys(IdToken).length], user).toEqual([1, 1 + elsewhere.length])
    }
  }

  /** The users of whom more than so many refreshes were asked for. */
  usersWithMoreThan(count: number): string[] {
    return this.users.filter((user) => this.provider.refreshesOf(user).length > count)
  }
}
