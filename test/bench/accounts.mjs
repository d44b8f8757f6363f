/** getAccounts, serialize and deserialize: in proportion to the accounts, and not far from bare JSON. Memory for each account. */

import { msalPython } from './support/python.mjs'
import { atLeast, atMost, count, digits, time } from './support/report.mjs'
import { measureInRounds } from './support/rounds.mjs'

const module = new URL('subjects/accounts.mjs', import.meta.url).href
const labels = { msalIsomorphic: 'msal-isomorphic', msalNode: '@azure/msal-node', msalPython: 'MSAL Python 1.21', json: '(bare JSON)' }

export async function run() {
  const subject = (name, accounts) => ({ module, name, parameters: { count: accounts }, memory: 8192 })
  const subjects = [
    ...[1, 100, 1_000, 10_000, 100_000].map((accounts) => subject('msalIsomorphic', accounts)),
    ...[1, 100, 1_000].map((accounts) => subject('msalNode', accounts)),
    ...(await Promise.all([1_000, 100_000].map((accounts) => msalPython(accounts, ['list'])))),
    ...[100, 1_000, 10_000].map((accounts) => subject('json', accounts)),
  ]
  const measured = await measureInRounds(subjects, { rounds: 4, milliseconds: 200 })
  const rows = subjects.map(({ name, parameters }, index) => {
    const { times, facts } = measured[index]
    const size = `${digits(facts.bytes / 1e6)} MB`
    const memory = facts.perAccount ? `${digits(facts.perAccount / 1000)} KB` : '–'
    return [labels[name], count(parameters.count), size, time(times.list), time(times.serialize), time(times.deserialize), memory]
  })
  const least = (name, accounts, operation) =>
    measured[subjects.findIndex((it) => it.name === name && it.parameters.count === accounts)].times[operation].min
  const ours = (accounts, operation) => least('msalIsomorphic', accounts, operation)
  const toJson = (operation) => ours(10_000, operation) / least('json', 10_000, operation)
  return {
    tables: [
      {
        title: 'The whole cache, N accounts',
        columns: ['library', 'N', 'JSON', 'all accounts', 'serialize', 'deserialize', 'memory per account'],
        rows,
      },
    ],
    checks: [
      atMost('getAccounts per account, 10 000 / 100', ours(10_000, 'list') / ours(100, 'list') / 100, 10),
      atLeast('getAccounts of 1 000, times as fast as @azure/msal-node', least('msalNode', 1_000, 'list') / ours(1_000, 'list'), 500),
      atLeast('getAccounts of 100 000, times as fast as MSAL Python', least('msalPython', 100_000, 'list') / ours(100_000, 'list'), 3),
      atMost('serialize / JSON.stringify, 10 000 accounts', toJson('serialize'), 2),
      atMost('deserialize / JSON.parse, 10 000 accounts', toJson('deserialize'), 2),
    ],
  }
}
