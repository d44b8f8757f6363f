import type { Incident } from './log.ts'

/** Milliseconds. Less than this a holder of a lock may stand still, whatever the store. */
export const harmless = 1500
/** A store that failed is left alone for so long, and its lock waited for. */
export const storePause = 12_000
/** What a process, the machine and a message may take. */
export const slack = 500

/** Whether a process stood still for so long that its lock may have been taken over. */
export const isLong = ({ kind, from, to }: Incident) => (kind === 'frozen' || kind === 'starved') && to - from >= harmless

/** What happened to whom, and when. */
export class Incidents {
  readonly #byProcess = new Map<string, Incident[]>()

  constructor(incidents: readonly Incident[]) {
    for (const incident of incidents) {
      const known = this.#byProcess.get(incident.process)
      if (known) known.push(incident)
      else this.#byProcess.set(incident.process, [incident])
    }
  }

  find(process: string, from: number, to: number, matches: (incident: Incident) => boolean): Incident | undefined {
    const all = [...(this.#byProcess.get(process) ?? []), ...(this.#byProcess.get('*') ?? [])]
    return all.find((incident) => incident.from <= to && incident.to >= from && matches(incident))
  }

  /** Why a process that asked at `from` may not have stored the answer by `to`, or not have had its lock for all of that time. */
  lossBy(process: string, from: number, to: number): string | undefined {
    const stood = this.find(
      process,
      from,
      to,
      ({ kind, from, to }) =>
        kind === 'killed' || kind === 'store down' || ((kind === 'frozen' || kind === 'starved') && to - from >= harmless),
    )
    if (stood) return stood.kind === 'store down' ? 'the store was down' : `its process was ${stood.kind}`
    return this.storeFailure(process, from, to)
  }

  storeFailure(process: string, from: number, to: number): string | undefined {
    // It leaves the store alone for that time once more after it has stood still: one call tries, the others go on from memory.
    const stood = this.find(process, from - storePause, to, ({ kind }) => kind === 'frozen' || kind === 'starved')
    const since = Math.min(from, stood?.from ?? from) - storePause
    return this.find(process, since, to + slack, ({ kind }) => kind === 'store failed') && 'the store had failed'
  }

  /** Whether the clock of a process was set within a time. */
  clockSet(process: string, from: number, to: number): boolean {
    const isWithin = (at: number) => at >= from && at <= to
    return !!this.find(process, from, to, ({ kind, from, to }) => kind === 'clock' && (isWithin(from) || isWithin(to)))
  }
}
