import { application } from './application.js'
import { cache } from './cache.js'
import { entries } from './entries.js'
import { failures } from './failures.js'
import { signingIn } from './signing-in.js'
import { silent } from './silent.js'
import { openWorld } from './world.js'

/** The checks by name. Plain modules on web standards: each runtime gets these files, or a bundle of them, and nothing else. */
export const checks = { ...entries, ...signingIn, ...silent, ...application, ...cache, ...failures }

export const lastCheck = 'no rejection was left unhandled'

/**
 * Runs all of it, one after the other. Resolves to what became of each check, and to what the runtime has beside web standards.
 *
 * `rejections` is where the host writes what nobody handled, as it sees it.
 */
export async function runSuite(helperUrl, rejections) {
  const world = await openWorld(helperUrl)
  const results = []
  for (const [name, check] of Object.entries({ ...checks, [lastCheck]: () => noneLeft(rejections) })) {
    const start = Date.now()
    const error = await Promise.resolve()
      .then(() => check(world))
      .then(() => undefined, described)
    results.push({ name, ...(error && { error }), ms: Date.now() - start })
  }
  return { results, globals: { process: typeof globalThis.process, Buffer: typeof globalThis.Buffer } }
}

async function noneLeft(rejections) {
  const turns = () => new Promise((resolve) => setTimeout(resolve, 50))
  await turns()
  if (rejections.length) throw new Error(`unhandled: ${rejections.join(', ')}`)
  // The host would have seen one.
  Promise.reject(new Error('left on purpose'))
  for (let turn = 0; turn < 20 && !rejections.length; turn++) await turns()
  if (!rejections.join().includes('left on purpose')) throw new Error('the host does not see unhandled rejections')
}

function described(error) {
  const { code, cause, stack } = Object(error)
  const details = [code && `code ${code}`, cause && `cause ${cause}`].filter(Boolean).join(', ')
  return `${error} ${details}\n${stack ?? ''}`.slice(0, 2000)
}
