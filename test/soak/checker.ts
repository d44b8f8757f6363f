import { harmless, Incidents, isLong, slack, storePause } from './incidents.ts'
import type { Call, Change, Log, Use } from './log.ts'
import { times } from './processes.ts'
import { moods } from './provider.ts'

/** What must always be so. */
export const rules = [
  'no refresh token is used twice',
  'one token request in flight per user',
  'no foreign token',
  'no error without a fault',
  'no session is lost without an invalid_grant',
  'nothing of a signed-out user comes back',
  'the heap is flat',
  'a document in the store is whole',
  'when all is well, everybody is served',
  'all that was to happen has happened',
] as const

export interface Violation {
  rule: (typeof rules)[number]
  at: number
  what: string
}

export interface Verdict {
  counts: Record<string, number>
  /** Second uses of a refresh token that had been spent, by why the answer to the first was lost. */
  reuses: Record<string, number>
  /** Calls that failed, or found nobody signed in, by why. */
  excused: Record<string, number>
  violations: Violation[]
}

/** An answer is in the store after this, or the store had failed. */
const storing = 6000
/** Bytes. */
const heapLimit = 5 * 1024 * 1024
/** A process is warm after this time, or a quarter of its life. */
const warmUp = 120_000

/** Holds the log of a soak against what must always be so. */
export function check(log: Log): Verdict {
  const verdict: Verdict = { counts: countsOf(log), reuses: {}, excused: {}, violations: [] }
  const incidents = new Incidents(log.incidents)
  checkUses(log, incidents, verdict)
  checkCalls(log, incidents, verdict)
  checkSignOuts(log, incidents, verdict)
  checkHeaps(log, verdict)
  checkVariety(log, verdict)
  for (const torn of log.torn) verdict.violations.push({ rule: 'a document in the store is whole', at: log.to, what: torn })
  for (const { process, user, expected, got } of log.verdicts) {
    verdict.violations.push({
      rule: 'when all is well, everybody is served',
      at: log.to,
      what: `${process}: ${user} should have session ${expected}: ${got}`,
    })
  }
  return verdict
}

function checkUses({ uses, calls, revoked }: Log, incidents: Incidents, { reuses, violations }: Verdict): void {
  const failed = groupBy(
    calls.filter(({ error }) => error),
    ({ user, process }) => `${user} ${process}`,
  )
  for (const [, ofToken] of groupBy(uses, ({ token }) => token)) {
    let spent: Use | undefined
    for (const use of ofToken) {
      if (spent) {
        const why = lossOf(spent, use, incidents, failed.get(`${spent.user} ${spent.process}`) ?? [])
        if (why)
          count(
            reuses,
            `${why}: ${use.outcome === 'refused' ? 'refused' : use.outcome === 'rotated' ? 'within the grace' : 'not answered'}`,
          )
        else
          violations.push({
            rule: 'no refresh token is used twice',
            at: use.at,
            what: `${use.user}: spent by ${spent.process} at ${spent.spentAt}, and used by ${use.process}, ${use.outcome}`,
          })
      }
      if (use.outcome === 'rotated') spent = use
      if (use.outcome === 'refused' && !spent && !(revoked.get(use.session)! <= (use.end ?? Number.POSITIVE_INFINITY))) {
        violations.push({
          rule: 'no refresh token is used twice',
          at: use.at,
          what: `${use.user}: ${use.process} sent one that nobody had spent`,
        })
      }
    }
  }
  for (const [, ofUser] of groupBy(uses, ({ user }) => user)) {
    let open: Use[] = []
    for (const use of ofUser) {
      // A connection that is given up may end in another order than it was.
      open = open.filter(({ end = Number.POSITIVE_INFINITY }) => end > use.at + 100)
      for (const other of open) {
        if (other.session !== use.session) continue
        const why = incidents.lossBy(other.process, other.at - harmless, use.at) ?? incidents.storeFailure(use.process, use.at, use.at)
        if (why) count(reuses, `two requests in flight, because of the first ${why}`)
        else {
          const what = `${use.user}: ${other.process} from ${other.at} to ${other.end} (${other.mood ?? 'well'}), ${use.process} at ${use.at}`
          violations.push({ rule: 'one token request in flight per user', at: use.at, what })
        }
      }
      open.push(use)
    }
  }
}

/** Why the answer that spent a refresh token had not reached the store when the same token was sent again. */
function lossOf(spent: Use, again: Use, incidents: Incidents, failed: Call[]): string | undefined {
  const { process, mood } = spent
  const spentAt = spent.spentAt!
  if (mood?.endsWith('after')) return mood
  const own = incidents.lossBy(process, spent.at - harmless, Math.min(again.at, spentAt + storing))
  if (own) return own
  const late = failed.find(({ from, to }) => from <= spentAt && to >= spentAt && to <= again.at + slack)
  if (!spent.delivered && late?.error?.startsWith('timed_out')) return 'its time was over'
  // It had read the store under its lock, stood still, and went on.
  const stood = incidents.find(again.process, again.at - storePause, again.at, isLong)?.kind
  if (stood) return `nothing, but the process of the second was ${stood}`
  const failure = incidents.storeFailure(again.process, again.at, again.at)
  return failure && 'nothing, but the store of the second had failed'
}

/** How long a fault may be felt: the wait that the provider asks for, and what was under way. */
const aftermath = 1000 + times.timeout + 2 * slack

function checkCalls({ calls, uses, changes, incidents: all, revoked }: Log, incidents: Incidents, { excused, violations }: Verdict): void {
  const faults = groupBy(
    uses.filter(({ mood }) => mood),
    ({ user }) => user,
  )
  const changesOf = groupBy(changes, ({ user }) => user)
  const stalls = all.filter(({ process, kind }) => process === 'provider' && kind === 'starved')
  for (const call of calls) {
    const { process, user, from, to, session, tokenOf, error } = call
    const describe = (what: string) => `${process}, ${user}, ${from} to ${to}: ${what}`
    if (tokenOf !== undefined && (tokenOf !== user || session === -1)) {
      violations.push({ rule: 'no foreign token', at: to, what: describe(`a token of ${tokenOf}`) })
    }
    if (error) {
      const mood = faults.get(user)?.find(({ at }) => at <= to && at >= from - aftermath)?.mood
      const stood = incidents.find(process, from, to, ({ kind }) => kind === 'frozen' || kind === 'starved')?.kind
      const late = stalls.some((stall) => stall.from <= to && stall.to >= from) && error.startsWith('timed_out')
      const slow = error.startsWith('timed_out') ? (stood ?? (late ? 'starved' : undefined)) : undefined
      const again = error.startsWith('throttled') && incidents.clockSet(process, from - 2000, to) ? 'the clock was set' : undefined
      const why = mood ?? slow ?? again
      if (why) count(excused, `${error.split(' ')[0]}: ${why}`)
      else violations.push({ rule: 'no error without a fault', at: to, what: describe(error) })
    }
    if (session === null) {
      const current = sessionAt(changesOf.get(user) ?? [], from - times.revalidateAfter - slack, to)
      if (current === undefined) continue
      if (revoked.get(current)! <= to) count(excused, 'nobody signed in: after an invalid_grant')
      else if (incidents.storeFailure(process, from, to)) count(excused, 'nobody signed in: the store had failed')
      else violations.push({ rule: 'no session is lost without an invalid_grant', at: to, what: describe(`session ${current} is gone`) })
    }
  }
}

/** The session that a user had for all of a time; undefined where there was none, or it changed. */
function sessionAt(changes: Change[], from: number, to: number): number | undefined {
  let current: number | undefined
  for (const change of changes) {
    if (change.from > to) break
    if (change.to > from) return undefined
    current = change.kind === 'sign-in' ? change.session : undefined
  }
  return current
}

/** What a process with a clock that is set back by a little takes for fresh may be older. */
const clockDoubt = 10_000

function checkSignOuts({ calls, changes, looks }: Log, incidents: Incidents, { violations, excused }: Verdict): void {
  const rule = 'nothing of a signed-out user comes back' as const
  for (const { user, at, found } of looks) {
    if (found.length) violations.push({ rule, at, what: `${user}: the store holds ${found.join(', ')}` })
  }
  const over = groupBy(
    changes.filter(({ kind }) => kind === 'sign-out'),
    ({ user }) => user,
  )
  for (const { process, user, from, to, session } of calls) {
    if (typeof session !== 'number') continue
    // Memory is trusted for a moment; for longer where the store cannot be asked.
    const out = over.get(user)?.find((change) => change.session === session && change.to + times.revalidateAfter + 100 < from)
    if (!out) continue
    const doubt = incidents.storeFailure(process, from, to) ?? (incidents.clockSet(process, out.to - clockDoubt, to) && 'the clock was set')
    if (doubt) {
      count(excused, `a token of a session that had ended: ${doubt}`)
      continue
    }
    const what = `${process}, ${user}, ${from} to ${to}: a token of session ${session}, which ended at ${out.to}`
    violations.push({ rule, at: to, what })
  }
}

/** The heap of every process that lived long enough to tell, in bytes above what it was when it was warm. */
export function growthOf({ heaps, from }: Log): { process: string; minutes: number; warm: number; growth: number }[] {
  return [...groupBy(heaps, ({ process }) => process)].flatMap(([process, samples]) => {
    const ours = samples.filter(({ at }) => at >= from)
    const begin = ours[0]?.at ?? 0
    const life = (ours.at(-1)?.at ?? 0) - begin
    const warm = ours.filter(({ at }) => at - begin >= Math.min(warmUp, life / 4))
    if (warm.length < 9) return []
    const middle = (list: typeof warm) => list.map(({ used }) => used).sort((a, b) => a - b)[list.length >> 1]!
    const before = middle(warm.slice(0, 3))
    return [{ process, minutes: life / 60_000, warm: before, growth: middle(warm.slice(-3)) - before }]
  })
}

function checkHeaps(log: Log, { violations }: Verdict): void {
  for (const { process, growth } of growthOf(log)) {
    if (growth > heapLimit) violations.push({ rule: 'the heap is flat', at: log.to, what: `${process}: ${growth} bytes more` })
  }
}

/** A soak of this length that has not met everything proves less than it says, in milliseconds. */
const longEnough = 10 * 60_000

function checkVariety(log: Log, { counts, violations }: Verdict): void {
  if (log.to - log.from < longEnough) return
  for (const kind of [
    ...Object.keys(moods),
    'killed',
    'frozen',
    'clock',
    'cut off',
    'sign-outs with a refresh in flight',
    'refresh tokens spent',
  ]) {
    if (!counts[kind]) violations.push({ rule: 'all that was to happen has happened', at: log.to, what: `${kind}: never` })
  }
}

function countsOf({ uses, calls, incidents, changes, revoked, looks }: Log): Record<string, number> {
  const counts: Record<string, number> = {
    calls: calls.length,
    'calls that failed': calls.filter(({ error }) => error).length,
    'token requests': uses.length,
    'refresh tokens spent': uses.filter(({ outcome }) => outcome === 'rotated').length,
    'sessions ended by the provider': revoked.size,
    'sign-ins': changes.filter(({ kind }) => kind === 'sign-in').length,
    'sign-outs': changes.filter(({ kind }) => kind === 'sign-out').length,
    'sign-outs with a refresh in flight': changes.filter(({ inFlight }) => inFlight).length,
    'looks at what a sign-out left': looks.length,
  }
  for (const { kind } of incidents) count(counts, kind)
  for (const { mood } of uses) if (mood) count(counts, mood)
  return counts
}

const count = (counts: Record<string, number>, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
