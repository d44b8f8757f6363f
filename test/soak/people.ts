import type { CacheStore } from 'msal-isomorphic'
import { clientId, homeAccountId, scopes } from '../faults/rotating-provider.ts'
import type { Setting, Worker } from './processes.ts'
import type { Session } from './provider.ts'
import type { Random } from './random.ts'

/** The users, who sign in and out in random processes. */
export class People {
  /** The session that each user has; null where signed out. */
  readonly sessions = new Map<string, Session | null>()
  /** The latest sign-out of each. */
  readonly signedOut = new Map<string, Promise<unknown>>()
  /** Users whose session is being changed. */
  readonly #busy = new Set<string>()
  readonly #setting: Setting
  readonly #store: CacheStore
  readonly #random: Random
  readonly #workers: () => Worker[]

  constructor(setting: Setting, store: CacheStore, random: Random, workers: () => Worker[]) {
    this.#setting = setting
    this.#store = store
    this.#random = random
    this.#workers = workers
  }

  async #exclusively(user: string, task: () => Promise<void>): Promise<void> {
    if (this.#busy.has(user)) return
    this.#busy.add(user)
    await task().finally(() => this.#busy.delete(user))
  }

  /** Where the provider has ended the session. */
  signInAgain(user: string): Promise<void> {
    return this.#exclusively(user, async () => {
      if (this.sessions.get(user)?.revokedAt !== undefined) await this.signIn(user)
    })
  }

  signOutAndIn(user: string, inFlight = false): Promise<void> {
    return this.#exclusively(user, async () => {
      const signingOut = this.#signOut(user, inFlight)
      this.signedOut.set(user, signingOut)
      await signingOut
      const wait = this.#random.between(1500, 9000)
      await sleep(wait)
      this.#setting.log.looks.push({ user, at: Date.now(), found: await this.#found(user) })
      await this.signIn(user)
    })
  }

  async #signOut(user: string, inFlight: boolean): Promise<void> {
    const session = this.sessions.get(user)!.number
    const from = Date.now()
    await this.#untilAcknowledged(this.#workers, () => ['signOut', { user: homeAccountId(user) }])
    this.sessions.set(user, null)
    this.#setting.log.changes.push({ kind: 'sign-out', user, session, from, to: Date.now(), inFlight })
  }

  /** A sign-in that was not acknowledged is made anew. */
  async signIn(user: string): Promise<void> {
    const from = Date.now()
    let latest: Session | undefined
    // A sign-in that a store gets late comes back after a sign-out in between: nobody can tell which was first.
    // Whether it came after a sign-out that a store gets late, the clocks decide.
    const reaching = () => {
      const all = this.#workers()
      const byClock = all.some(({ isCutOff }) => isCutOff)
      return all.filter(({ isCutOff, hasRightClock }) => !isCutOff && (hasRightClock || !byClock))
    }
    await this.#untilAcknowledged(reaching, () => {
      const { session, response } = this.#setting.provider.signIn(user)
      latest = session
      return ['signIn', { event: { clientId, scopes, tokenEndpoint: this.#setting.provider.tokenEndpoint, response } }]
    })
    this.sessions.set(user, latest!)
    this.#setting.log.changes.push({ kind: 'sign-in', user, session: latest!.number, from, to: Date.now() })
  }

  async #untilAcknowledged(workers: () => Worker[], order: () => [string, object]): Promise<void> {
    for (;;) {
      const worker = this.#random.pick(workers().filter(({ isAlive, frozen }) => isAlive && !frozen))
      const outcome = await worker?.order(...order())
      if (outcome && !outcome.failures.length) return
      await sleep(500)
    }
  }

  async #found(user: string): Promise<string[]> {
    const sections = await Promise.all(['AccessToken', 'RefreshToken', 'IdToken', 'Account'].map((type) => this.held(user, type)))
    return sections.flat()
  }

  /** The secrets, or the names, of one section of a user's partition. */
  async held(user: string, section: string): Promise<string[]> {
    for (;;) {
      try {
        const found = await this.#store.read(`user:${homeAccountId(user)}`)
        const entities: Record<string, { secret?: string }> = JSON.parse(found?.value ?? '{}')[section] ?? {}
        return Object.entries(entities).map(([key, { secret }]) => secret ?? key)
      } catch {
        await sleep(200)
      }
    }
  }
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
