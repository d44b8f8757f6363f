/** Measures subjects beside each other: each has its own process, and only one of them works at a time. */
import { fork, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { summary } from './measure.mjs'

const program = fileURLToPath(new URL('subject.mjs', import.meta.url))

/** A process that answers a JSON message with another. */
function open({ module, name, parameters, memory = 2048, python }) {
  if (!python) {
    const execArgv = ['--expose-gc', `--max-old-space-size=${memory}`]
    const child = fork(program, [module, name, JSON.stringify(parameters)], { execArgv })
    return { child, send: (message) => child.send(message) }
  }
  const child = spawn('/usr/bin/python3', [fileURLToPath(module), python, JSON.stringify(parameters)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  createInterface(child.stdout).on('line', (line) => child.emit('message', JSON.parse(line)))
  return { child, send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`) }
}

async function start(subject) {
  const { name } = subject
  const { child, send } = open(subject)
  let settle
  const answer = () =>
    new Promise((resolve, reject) => {
      settle = (message) => (message.error ? reject(new Error(message.error)) : resolve(message))
    })
  child.on('message', (message) => settle(message))
  child.on('exit', (code) => settle({ error: `${name} ended with ${code}.` }))
  const { operations } = await answer()
  const ask = (question) => {
    send(question)
    return answer()
  }
  return { ask, operations, stop: () => child.kill() }
}

/**
 * @param subjects each `{ module, name, parameters }`: `name` is exported by `module` and gives the operations to measure; with `python`, the
 * path of a cache file, `module` is a Python program that takes it
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
