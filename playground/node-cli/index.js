#!/usr/bin/env node
// Signs a person in through the browser and calls an API. This file starts the program and ends it; main.js has the story.
import { exitCodes } from './errors.js'
import { parseOptions, usage } from './options.js'

const interruption = new AbortController()
process.once('SIGINT', () => {
  process.stderr.write('\nStopping. Press Ctrl+C again to stop at once.\n')
  interruption.abort()
})

process.exitCode = await run(process.argv.slice(2))

async function run(words) {
  const { options, complaint } = parseOptions(words)
  if (complaint) {
    process.stderr.write(`${complaint}\n\n${usage}`)
    return exitCodes.usage
  }
  if (options.help) {
    process.stdout.write(usage)
    return exitCodes.success
  }
  const program = await load()
  if (!program) return exitCodes.usage
  try {
    await program.main(options, interruption.signal)
    return exitCodes.success
  } catch (error) {
    const { text, exitCode } = program.describeError(error, interruption.signal)
    process.stderr.write(`${text}\n`)
    return exitCode
  }
}

/** The rest needs the built library, which a fresh checkout does not have. */
async function load() {
  try {
    const [{ main }, { describeError }] = await Promise.all([import('./main.js'), import('./describe-error.js')])
    return { main, describeError }
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    process.stderr.write('The library is not built yet. Run "npm ci" once, then "npm run build" or "npm start".\n')
    return undefined
  }
}
