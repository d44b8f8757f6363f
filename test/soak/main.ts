import { fileGround, redisGround } from '../faults/grounds.ts'
import { present } from '../redis/redis-support.ts'
import { check, growthOf, rules, type Verdict } from './checker.ts'
import type { Incident, Log } from './log.ts'
import { Random } from './random.ts'
import { type SoakGround, soak } from './soak.ts'

export interface Options {
  minutes: number
  seed: number
  script: string
  grounds: string[]
  sabotage?: string | undefined
}

const open: Record<string, () => Promise<SoakGround>> = { redis: redisGround, file: fileGround }

export interface Result extends Verdict {
  ground: string
  /** How often each rule was broken. */
  broken: Record<string, number>
  heaps: ReturnType<typeof growthOf>
}

/** Soaks all grounds at once. */
export async function run({ minutes, seed, script, grounds, sabotage }: Options): Promise<{ results: Result[]; logs: Log[] }> {
  if (grounds.includes('redis') && !present('redis-server'))
    throw new Error('There is no redis-server on this machine: --ground file goes without.')
  const gaps = watchOneself()
  const logs = await Promise.all(
    grounds.map((ground, index) =>
      soak(open[ground]!, { minutes, random: new Random(seed + index), script, users: 24, processes: 4, sabotage }),
    ),
  )
  const results = logs.map((log, index) => {
    log.incidents.push(...gaps)
    const verdict = check(log)
    const broken = rules.map((rule) => [rule, verdict.violations.filter((violation) => violation.rule === rule).length])
    return { ground: grounds[index]!, ...verdict, broken: Object.fromEntries(broken), heaps: growthOf(log) }
  })
  return { results, logs }
}

/** The provider is in this process: where the machine keeps it from going on, its answers come late. */
function watchOneself(): Incident[] {
  const gaps: Incident[] = []
  let tick = Date.now()
  setInterval(() => {
    const now = Date.now()
    if (now - tick > 900) gaps.push({ process: 'provider', kind: 'starved', from: tick, to: now })
    tick = now
  }, 100).unref()
  return gaps
}
