/** Very many calls of some users at once, again and again, at a provider that is slow, and now and then busy or silent. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { atMost, count, digits } from './support/report.mjs'

const waves = 12
const between = 5000
const callsAtOnce = 5000
const users = 50
const hits = 100_000

function start(name) {
  const program = fileURLToPath(new URL('./subjects/load.mjs', import.meta.url))
  const child = fork(program, [name], { execArgv: ['--expose-gc'] })
  return {
    async ask(question) {
      const over = new AbortController()
      const heard = ['message', 'exit'].map((event) => once(child, event, { signal: over.signal }))
      child.send(question)
      const [answer] = await Promise.race(heard)
      over.abort()
      await Promise.allSettled(heard)
      if (!answer?.requests && !answer?.errors) throw new Error(`${name}: ${answer?.error ?? `ended with ${answer}`}`)
      return answer
    },
    stop: () => child.kill(),
  }
}

export async function run() {
  const libraries = [
    ['msal-isomorphic', start('msalIsomorphic')],
    ['@azure/msal-node', start('msalNode')],
  ]
  const told = new Map(libraries.map(([name]) => [name, []]))
  try {
    for (let wave = 0; wave < waves; wave++) {
      const begin = performance.now()
      for (const [name, { ask }] of libraries) told.get(name).push(await ask({ order: 'wave', calls: callsAtOnce }))
      await sleep(Math.max(0, begin + between - performance.now()))
    }
    const rows = []
    const results = {}
    for (const [name, { ask }] of libraries) {
      const all = told.get(name)
      const sum = (part) => all.reduce((total, wave) => total + part(wave), 0)
      const longest = (kind) => Math.max(...all.map((wave) => wave.longest[kind]))
      const end = await ask({ order: 'hits', calls: hits })
      const wrong = { needless: sum(({ errors }) => errors.needless), others: sum(({ errors }) => errors.others) }
      results[name] = { ...end, ...wrong, most: Math.max(...all.map(({ requests }) => requests)) }
      rows.push([
        name,
        count(end.requests),
        `${end.unavailable}, ${end.stalls}`,
        count(wrong.needless),
        count(wrong.others),
        `${digits(longest('good'))}, ${digits(longest('due'))}, ${digits(longest('ending'))} ms`,
        `${digits(end.median)}, ${digits(end.p99)} µs`,
        `${(end.growth / 2 ** 20).toFixed(2)} MB`,
        end.unhandled,
      ])
    }
    const ours = results['msal-isomorphic']
    return {
      tables: [
        {
          title: `${waves} waves of ${count(callsAtOnce)} calls of ${users} users at once`,
          columns: [
            '',
            'token requests',
            '503, stalls',
            'errors with a valid token',
            'errors without',
            'longest wait: good, due, ending',
            `${count(hits)} hits: median, p99`,
            'heap after them',
            'unhandled',
          ],
          rows,
        },
      ],
      checks: [
        atMost('errors while the user has a valid token', ours.needless, 0),
        // A call repeats nothing by itself, so that users × (1 + retries) is users.
        atMost('token requests of one wave', ours.most, users),
        atMost('rejections that nobody handles', ours.unhandled, 0),
        atMost('p99 of a hit, µs', ours.p99, 1000),
        atMost(`bytes of heap after ${count(hits)} calls`, ours.growth, 5 * 2 ** 20),
      ],
    }
  } finally {
    for (const [, { stop }] of libraries) stop()
  }
}
