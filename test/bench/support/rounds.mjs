/** Measures subjects beside each other: each has its own process, and only one of them works at a time. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { summary } from './measure.mjs'

const program = fileURLToPath(new URL('subject.mjs', import.meta.url))

async function start({ module, name, parameters, memory = 2048 }) {
  const execArgv = ['--expose-gc', `--max-old-space-size=${memory}`]
  const child = fork(program, [module, name, JSON.stringify(parameters)], { execArgv })
  let settle
  const answer = () =>
    new Promise((resolve, reject) => {
      settle = (message) => (message.error ? reject(new Error(message.error)) : resolve(message))
    })
  child.on('message', (message) => settle(message))
  child.on('exit', (code) => settle({ error: `${name} ended with ${code}.` }))
  const { operations } = await answer()
  const ask = (question) => {
    child.send(question)
    return answer()
  }
  return { ask, operations, stop: () => child.kill() }
}

/**
 * @param subjects each `{ module, name, parameters }`: `name` is exported by `module` and gives the operations to measure
 * @returns for each subject its `times`, by operation, in microseconds, and its `facts`
 */
export async function measureInRounds(subjects, { rounds = 5, milliseconds = 200 } = {}) {
  const running = []
  try {
    for (const subject of subjects) running.push({ ...(await start(subject)), samples: {} })
    for (let round = 0; round < rounds; round++) {
      for (const { ask, operations, samples } of running) {
        for (const operation of operations) {
          const answer = await ask({ operation, milliseconds })
          samples[operation] = [...(samples[operation] ?? []), ...answer.samples]
        }
      }
    }
    const results = []
    for (const { ask, samples } of running) {
      const { facts } = await ask({ end: true })
      results.push({ facts, times: Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, summary(all)])) })
    }
    return results
  } finally {
    for (const { stop } of running) stop()
  }
}
