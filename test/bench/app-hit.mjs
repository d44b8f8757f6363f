/** An application's own cached tokens, tenants rotating: no signature, and the same cost for any number of tenants. */
import { atMost, count, digits, time } from './support/report.mjs'
import { measureInRounds } from './support/rounds.mjs'

const module = new URL('subjects/app-hit.mjs', import.meta.url).href
const subject = (name, tenants) => ({ module, name, parameters: { count: tenants }, memory: 4096 })

export async function run() {
  const subjects = [
    ...[1, 1_000, 50_000].map((tenants) => subject('msalIsomorphic', tenants)),
    ...[1, 2, 1_000].map((tenants) => subject('msalNode', tenants)),
  ]
  const measured = await measureInRounds(subjects, { rounds: 7, milliseconds: 250 })
  const rows = subjects.map(({ name, parameters }, index) => {
    const { times, facts } = measured[index]
    const label = name === 'msalNode' ? '@azure/msal-node' : 'msal-isomorphic'
    const first = parameters.count >= 1_000 ? `${digits(facts.firstLookUp)} µs` : '–'
    return [label, count(parameters.count), time(times.same), time(times.rotating), first, digits(facts.perHit)]
  })
  const [one, , most] = measured
  const signatures = measured.slice(0, 3).reduce((sum, { facts }) => sum + facts.signatures, 0)
  return {
    tables: [
      {
        title: 'acquireTokenForClient with a certificate, hit, N tenants',
        columns: ['library', 'N', 'same tenant', 'rotating tenants', 'first, each tenant', 'signatures per rotating hit'],
        rows,
      },
    ],
    checks: [
      atMost('signatures for hits', signatures, 0),
      atMost('same tenant, 50 000 / 1 tenants', most.times.same.min / one.times.same.min, 2),
      atMost('rotating tenants, 50 000 / 1 tenants', most.times.rotating.min / one.times.rotating.min, 4),
    ],
  }
}
