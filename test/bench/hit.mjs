/** A cached token for one user among many: what it costs must not depend on how many there are. */
import { realistic, small } from './support/fixtures.mjs'
import { msalPython } from './support/python.mjs'
import { atLeast, atMost, count, digits, time } from './support/report.mjs'
import { measureInRounds } from './support/rounds.mjs'

const module = new URL('subjects/user-hit.mjs', import.meta.url).href
const sizesFor = (users) => (users > 10_000 ? small : realistic)
const subject = (name, users) => ({
  module,
  name,
  parameters: { count: users, sizes: sizesFor(users) },
  memory: users > 100_000 ? 12_288 : users > 10_000 ? 8192 : 2048,
})

export async function run() {
  const subjects = [
    ...[1, 100, 10_000, 100_000].map((users) => subject('msalIsomorphic', users)),
    subject('overStore', 1_000_000),
    ...[1, 100, 1_000, 10_000].map((users) => subject('msalNode', users)),
    ...(await Promise.all([1, 100, 10_000].map((users) => msalPython(users, ['same', 'rotating'])))),
    ...[1, 100_000].map((users) => subject('plainMap', users)),
  ]
  const measured = await measureInRounds(subjects, { rounds: 7, milliseconds: 250 })
  const labels = {
    msalIsomorphic: 'msal-isomorphic',
    overStore: 'msal-isomorphic, over a store',
    msalNode: '@azure/msal-node',
    msalPython: 'MSAL Python 1.21',
    plainMap: '(a plain Map)',
  }
  const rows = subjects.map(({ name, parameters }, index) => {
    const { times, facts } = measured[index]
    const first = facts.firstLookUp && parameters.count >= 100 ? `${digits(facts.firstLookUp)} µs` : '–'
    return [
      labels[name],
      count(parameters.count),
      time(times.same),
      time(times.rotating),
      time(times.claims),
      first,
      facts.megabytes ? `${count(facts.megabytes)} MB` : '–',
    ]
  })
  const least = (name, users, operation) =>
    measured[subjects.findIndex((it) => it.name === name && it.parameters.count === users)].times[operation].min
  const ours = (users, operation) => least('msalIsomorphic', users, operation)
  return {
    tables: [
      {
        title: 'acquireTokenSilent, hit, one of N users',
        columns: ['library', 'N', 'same user', 'rotating users', 'same, claims read', 'first, each user', 'heap'],
        rows,
      },
    ],
    checks: [
      atMost('same user, 100 000 / 1 users', ours(100_000, 'same') / ours(1, 'same'), 2),
      atMost('rotating users, 100 000 / 1 users', ours(100_000, 'rotating') / ours(1, 'rotating'), 4),
      atMost('same user, 1 000 000 / 1 users', least('overStore', 1_000_000, 'same') / ours(1, 'same'), 2),
      atMost('rotating users, 1 000 000 / 1 users', least('overStore', 1_000_000, 'rotating') / ours(1, 'rotating'), 4),
      atLeast('1 user, times as fast as @azure/msal-node', least('msalNode', 1, 'same') / ours(1, 'same'), 20),
      atLeast('100 users, times as fast as @azure/msal-node', least('msalNode', 100, 'same') / ours(100, 'same'), 100),
      atLeast('10 000 users, times as fast as @azure/msal-node', least('msalNode', 10_000, 'same') / ours(10_000, 'same'), 5000),
      atLeast('1 user, times as fast as MSAL Python', least('msalPython', 1, 'same') / ours(1, 'same'), 2),
    ],
  }
}
