import { readDownstream } from './api.js'

/** @import { App, Context } from './types.d.ts' */

const key = 'job:last'

/**
 * The scheduled job: it acts as itself, proves who it is with a certificate, and counts everybody's notes.
 *
 * @param {App} app
 * @param {Context} context
 */
export async function runJob({ env, job }, context) {
  const waitUntil = context.waitUntil.bind(context)
  const { accessToken, tokenSource } = await job.acquireTokenForClient({ scopes: [`${env.API_URI}/.default`], waitUntil })
  const answer = /** @type {{ notes: string[] } | undefined} */ (await readDownstream(`${env.DOWNSTREAM}/notes`, accessToken))
  if (!answer) throw new Error('The notes could not be read.')
  await env.KV.put(key, JSON.stringify({ at: new Date().toISOString(), notes: answer.notes.length, tokenSource }))
}

/**
 * What the last run has written; null before the first.
 *
 * @param {App} app
 * @returns {Promise<{ at: string, notes: number, tokenSource: string } | null>}
 */
export async function lastRun({ env }) {
  return JSON.parse((await env.KV.get(key)) ?? 'null')
}
