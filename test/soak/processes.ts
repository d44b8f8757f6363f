import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Place } from '../faults/fleet.ts'
import { clientId, homeAccountId, scopes } from '../faults/rotating-provider.ts'
import type { Call, Incident, Log } from './log.ts'
import type { SoakProvider } from './provider.ts'

/** What all processes of a soak are made with. */
export interface Setting {
  script: string
  place: Place
  provider: SoakProvider
  users: string[]
  log: Log
  sabotage?: string | undefined
}

/**
 * Milliseconds. A stall costs no more than the first; memory is trusted for the second; between two calls there is the third on average; a
 * store that has failed is left alone for the fourth at most, and has got what it was owed after the fifth.
 */
export const times = { timeout: 4000, revalidateAfter: 200, pause: 300, rest: 10_500, settle: 22_000 }

const ids = new Map<string, string>()

/** What a process says of one of its calls. */
type Told = { user: string; from: number; to: number; token?: string | null; error?: string }

interface Report {
  calls: Told[]
  storeErrors: { at: number; message: string }[]
  gaps: { from: number; to: number }[]
  heaps: { at: number; used: number }[]
}

/** What came of an order; undefined where the process ended meanwhile. */
export type Outcome = { result?: unknown; failures: string[] } | undefined

/** A process that asks for tokens, with the means to make its life hard. */
export class Worker {
  readonly name: string
  frozen = false
  #jumping = false
  #cutOff = false
  #settledAt = 0
  readonly #setting: Setting
  readonly #child: ChildProcess
  readonly #answers = new Map<number, (outcome: Outcome) => void>()
  #orders = 0

  private constructor(setting: Setting, name: string, number: number) {
    this.name = name
    this.#setting = setting
    const { provider, place, users, sabotage, script } = setting
    const accounts = users.map(homeAccountId)
    users.forEach((user, index) => {
      ids.set(accounts[index]!, user)
    })
    const client = number % 2 ? 'ioredis' : 'redis'
    const where = 'file' in place ? place : { redis: { ...place.redis, client } }
    const config = { name, users: accounts, clientId, authority: provider.authority, scopes, sabotage, ...times, ...where }
    this.#child = fork(script, [JSON.stringify(config)], { execArgv: ['--expose-gc'] })
    this.#child.on('message', (message) => this.#hear(message as never))
    this.#child.once('exit', () => {
      for (const answer of this.#answers.values()) answer(undefined)
    })
  }

  static async start(setting: Setting, name: string, number: number): Promise<Worker> {
    const worker = new Worker(setting, name, number)
    await Promise.race([once(worker.#child, 'message'), worker.ended.then(() => Promise.reject(new Error(`${name} did not start.`)))])
    return worker
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Whether it does not reach its store, or may owe it something from then. */
  get isCutOff(): boolean {
    return this.isAlive && (this.#cutOff || Date.now() < this.#settledAt)
  }

  get hasRightClock(): boolean {
    return !this.#jumping
  }

  get ended(): Promise<unknown> {
    return this.isAlive ? once(this.#child, 'exit') : Promise.resolve()
  }

  order(order: string, details: object = {}): Promise<Outcome> {
    if (!this.isAlive) return Promise.resolve(undefined)
    const id = ++this.#orders
    return new Promise((resolve) => {
      this.#answers.set(id, (outcome) => {
        this.#answers.delete(id)
        resolve(outcome)
      })
      this.#child.send({ id, order, ...details }, () => {})
    })
  }

  async ask(user: string): Promise<Call | undefined> {
    const outcome = await this.order('ask', { user: homeAccountId(user) })
    return outcome?.result ? this.#note(outcome.result as Told) : undefined
  }

  kill(): void {
    const now = Date.now()
    if (!this.isAlive) return
    this.#setting.log.incidents.push({ process: this.name, kind: 'killed', from: now, to: now })
    this.#child.kill('SIGKILL')
  }

  /** Stops the process where it is, for a while. */
  freeze(time: number): void {
    if (!this.isAlive || this.frozen) return
    this.frozen = true
    const from = Date.now()
    this.#child.kill('SIGSTOP')
    setTimeout(() => {
      this.frozen = false
      this.#child.kill('SIGCONT')
      this.#setting.log.incidents.push({ process: this.name, kind: 'frozen', from, to: Date.now() })
    }, time)
  }

  /** Sets its clock wrong, for a while. */
  async jump(by: number, time: number): Promise<void> {
    if (this.#jumping || this.isCutOff) return
    this.#jumping = true
    const entry: Incident = { process: this.name, kind: 'clock', from: Date.now(), to: Number.POSITIVE_INFINITY, detail: String(by) }
    this.#setting.log.incidents.push(entry)
    await this.order('jump', { by })
    await new Promise((resolve) => setTimeout(resolve, time))
    await this.order('jump', { by: 0 })
    entry.to = Date.now()
    this.#jumping = false
  }

  /** Keeps it from its store, for a while. */
  async cutOff(time: number): Promise<void> {
    if (this.isCutOff || this.#jumping) return
    this.#cutOff = true
    const from = Date.now()
    await this.order('cutOff', { yes: true })
    await new Promise((resolve) => setTimeout(resolve, time))
    await this.order('cutOff', { yes: false })
    this.#setting.log.incidents.push({ process: this.name, kind: 'cut off', from, to: Date.now() })
    this.#settledAt = Date.now() + times.settle
    this.#cutOff = false
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }

  #hear(message: { id?: number; result?: unknown; failures: string[]; report?: Report }): void {
    const { id, report } = message
    if (id !== undefined) this.#answers.get(id)?.(message)
    if (!report) return
    const { log } = this.#setting
    const process = this.name
    for (const told of report.calls) log.calls.push(this.#note(told))
    if (report.storeErrors.length) this.#settledAt = Date.now() + times.settle
    for (const { at, message: detail } of report.storeErrors)
      log.incidents.push({ process, kind: 'store failed', from: at, to: at, detail })
    for (const { from, to } of report.gaps) log.incidents.push({ process, kind: 'starved', from, to })
    for (const { at, used } of report.heaps) log.heaps.push({ process, at, used })
  }

  #note({ user, from, to, token, error }: Told): Call {
    const call: Call = { process: this.name, user: ids.get(user)!, from, to }
    if (error !== undefined) call.error = error
    else if (token === null) call.session = null
    else if (token !== undefined) {
      call.session = this.#setting.provider.sessionOf(token)?.number ?? -1
      call.tokenOf = token.split(' ')[1]!
    }
    return call
  }
}
