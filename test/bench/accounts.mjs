/** getAccounts, serialize and deserialize: in proportion to the accounts, and not far from bare JSON. */
import { atMost, count, digits, time } from './support/report.mjs'
import { measureInRounds } from './support/rounds.mjs'

const module = new URL('subjects/accounts.mjs', import.meta.url).href
const labels = { msalIsomorphic: 'msal-isomorphic', msalNode: '@azure/msal-node', json: '(bare JSON)' }

export async function run() {
  const subject = (name, accounts) => ({ module, name, parameters: { count: accounts }, memory: 4096 })
  const subjects = [
    ...[100, 1_000, 10_000].map((accounts) => subject('msalIsomorphic', accounts)),
    ...[100, 1_000].map((accounts) => subject('msalNode', accounts)),
    ...[100, 1_000, 10_000].map((accounts) => subject('json', accounts)),
  ]
  const measured = await measureInRounds(subjects, { rounds: 4, milliseconds: 200 })
  const rows = subjects.map(({ name, parameters }, index) => {
    const { times, facts } = measured[index]
    const size = `${digits(facts.bytes / 1e6)} MB`
    return [labels[name], count(parameters.count), size, time(times.list), time(times.serialize), time(times.deserialize)]
  })
  const least = (name, accounts, operation) =>
    measured[subjects.findIndex((it) => it.name === name && it.parameters.count === accounts)].times[operation].min
  const toJson = (operation) => least('msalIsomorphic', 10_000, operation) / least('json', 10_000, operation)
  return {
    tables: [
      {
        title: 'The whole cache, N accounts',
        columns: ['library', 'N', 'JSON', 'all accounts', 'serialize', 'deserialize'],
        rows,
      },
    ],
    checks: [
      atMost(
        'getAccounts per account, 10 000 / 100',
        least('msalIsomorphic', 10_000, 'list') / least('msalIsomorphic', 100, 'list') / 100,
        10,
      ),
      atMost('serialize / JSON.stringify, 10 000 accounts', toJson('serialize'), 2),
      atMost('deserialize / JSON.parse, 10 000 accounts', toJson('deserialize'), 3),
    ],
  }
}
