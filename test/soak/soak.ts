import { type Ground, watched } from '../faults/grounds.ts'
import type { Log, Use } from './log.ts'
import { People } from './people.ts'
import { type Setting, times, Worker } from './processes.ts'
import { SoakProvider } from './provider.ts'
import type { Random } from './random.ts'

export interface Plan {
  minutes: number
  random: Random
  script: string
  users: number
  processes: number
  sabotage?: string | undefined
}

/** A ground, and how it is restarted where it is a server. */
export type SoakGround = Ground & { restart?: () => Promise<void> }

/** Lets some processes live through all that can happen on one ground, and gives the log of it. */
export async function soak(open: () => Promise<SoakGround>, plan: Plan): Promise<Log> {
  const provider = new SoakProvider(plan.random)
  await provider.start()
  const ground = await open()
  const run = new Soak(provider, ground, plan)
  try {
    await run.begin()
    await watched(ground, () => run.go())
    await run.conclude()
  } finally {
    run.close()
    provider.close()
    await ground.close()
  }
  run.log.torn = ground.torn.map(String)
  return run.log
}

class Soak {
  readonly log: Log = {
    ...{ from: Date.now(), to: 0, uses: [], calls: [], incidents: [], changes: [], looks: [], heaps: [], revoked: new Map() },
    ...{ torn: [], verdicts: [] },
  }
  readonly #provider: SoakProvider
  readonly #ground: SoakGround
  readonly #plan: Plan
  readonly #setting: Setting
  readonly #workers: Worker[] = []
  readonly #people: People
  readonly #jobs = new Set<Promise<unknown>>()
  #started = 0
  #over = false
  /** What has kept the soak itself, not the library, from going on. */
  #failed: { error: unknown } | undefined

  constructor(provider: SoakProvider, ground: SoakGround, plan: Plan) {
    this.#provider = provider
    this.#ground = ground
    this.#plan = plan
    this.log.uses = provider.uses
    const users = Array.from({ length: plan.users }, (_, index) => `user${index}`)
    const { script, sabotage } = plan
    this.#setting = { script, place: ground.place, provider, users, log: this.log, sabotage }
    this.#people = new People(this.#setting, ground.store, plan.random, () => this.#workers)
    provider.spent = (use) => this.#spent(use)
  }

  async begin(): Promise<void> {
    for (let number = 0; number < this.#plan.processes; number++) this.#workers.push(await this.#start(number))
    await Promise.all(this.#setting.users.map((user) => this.#people.signIn(user)))
  }

  async go(): Promise<void> {
    this.log.from = Date.now()
    const end = this.log.from + this.#plan.minutes * 60_000
    let restarts = this.#ground.restart ? [0.35, 0.5, 0.65] : []
    while (Date.now() < end && !this.#failed) {
      await sleep(this.#random.below(1000))
      const share = (Date.now() - this.log.from) / (end - this.log.from)
      if (restarts.length && share > restarts[0]!) {
        restarts = restarts.slice(1)
        this.#job(this.#restart())
      }
      const worker = this.#random.pick(this.#workers)!
      const dice = this.#random.next()
      // The first lives through it all, so that its heap tells of the whole time.
      if (dice < 0.03 && worker !== this.#workers[0]) this.#kill(worker)
      else if (dice < 0.06) worker.freeze(this.#freezeTime())
      else if (dice < 0.1) this.#job(worker.jump(this.#jump(), this.#random.between(3000, 15_000)))
      else if (dice < 0.107) this.#job(worker.cutOff(this.#random.between(1000, 15_000)))
      else if (dice < 0.357) this.#job(this.#people.signOutAndIn(this.#random.pick(this.#setting.users)!))
      for (const user of this.#setting.users) {
        if (this.#people.sessions.get(user)?.revokedAt !== undefined && this.#random.chance(0.2)) this.#job(this.#people.signInAgain(user))
      }
    }
    this.#over = true
    await Promise.all(this.#jobs)
    if (this.#failed) throw this.#failed.error
  }

  /** All is well again: every process serves whom it should, and a new one too. */
  async conclude(): Promise<void> {
    this.#provider.moody = false
    while (this.#workers.some(({ frozen }) => frozen)) await sleep(100)
    await Promise.all(this.#workers.map((worker) => worker.order('jump', { by: 0 })))
    // Debts are paid, refusals forgotten.
    await sleep(12_000)
    await Promise.all(this.#workers.map((worker) => worker.order('stop')))
    await Promise.all(
      this.#setting.users.map((user) => this.#people.sessions.get(user)?.revokedAt !== undefined && this.#people.signIn(user)),
    )
    await sleep(times.revalidateAfter + 300)
    this.#workers.push(await this.#start(this.#workers.length))
    await this.#workers.at(-1)!.order('stop')
    for (const user of this.#setting.users) {
      const session = this.#people.sessions.get(user)
      if (!session) continue
      for (const worker of this.#workers) {
        const call = await worker.ask(user)
        const got = call?.error ?? (call?.session === null ? 'nothing' : `session ${call?.session}`)
        const expected = session.number
        if (got !== `session ${expected}`) this.log.verdicts.push({ process: worker.name, user, expected, got })
      }
      let held = await this.#people.held(user, 'RefreshToken')
      // The last calls may have begun a renewal behind their answers.
      for (let look = 0; look < 10 && !(held.length === 1 && this.#provider.isFresh(held[0]!, session)); look++) {
        await sleep(500)
        held = await this.#people.held(user, 'RefreshToken')
      }
      if (held.length !== 1 || !this.#provider.isFresh(held[0]!, session)) {
        this.log.verdicts.push({
          process: 'the store',
          user,
          expected: session.number,
          got: `${held.length} refresh tokens, not the newest`,
        })
      }
    }
    await sleep(1000)
    this.log.to = Date.now()
    for (const { number, revokedAt } of this.#provider.sessions) if (revokedAt !== undefined) this.log.revoked.set(number, revokedAt)
  }

  close(): void {
    for (const worker of this.#workers) worker.end()
  }

  get #random(): Random {
    return this.#plan.random
  }

  /** A process that cannot start, because packages are being installed for instance, may be able to a little later. */
  async #start(number: number): Promise<Worker> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await Worker.start(this.#setting, `process-${number}.${this.#started++}`, number)
      } catch (error) {
        if (attempt === 20) throw error
        await sleep(3000)
      }
    }
  }

  #job(job: Promise<unknown>): void {
    const failed = (error: unknown) => {
      this.#failed ??= { error }
    }
    const work: Promise<unknown> = job.catch(failed).then(() => this.#jobs.delete(work))
    this.#jobs.add(work)
  }

  #kill(worker: Worker): void {
    if (!worker.isAlive) return
    worker.kill()
    const index = this.#workers.indexOf(worker)
    this.#job(
      this.#start(index).then((next) => {
        this.#workers[index] = next
      }),
    )
  }

  /** Some shorter than the lease of a lock, which must do no harm; some longer. */
  #freezeTime(): number {
    return this.#random.chance(0.4) ? this.#random.between(300, 1200) : this.#random.between(4500, 8000)
  }

  /** Milliseconds. */
  #jump(): number {
    if (this.#random.chance(0.06)) return -3600_000
    return this.#random.chance(0.5) ? this.#random.between(1000, 3600_000) : -this.#random.between(1000, 100_000)
  }

  async #restart(): Promise<void> {
    const from = Date.now()
    await this.#ground.restart!()
    this.log.incidents.push({ process: '*', kind: 'store down', from, to: Date.now() })
  }

  /** A holder of a lock has spent a refresh token, and waits for the answer. */
  async #spent({ process, user }: Use): Promise<void> {
    if (this.#over) return
    const holder = this.#workers.find(({ name }) => name === process)
    const dice = this.#random.next()
    if (!holder) return
    if (dice < 0.004 && holder !== this.#workers[0]) this.#kill(holder)
    else if (dice < 0.012) holder.freeze(this.#freezeTime())
    else if (dice < 0.04) {
      const change = this.#people.signOutAndIn(user, true)
      this.#job(change)
      // The answer comes once the user has signed out elsewhere, if that is soon.
      await Promise.race([this.#people.signedOut.get(user), sleep(2000)])
    }
  }
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
