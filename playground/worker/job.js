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
  const response = await fetch(`${env.DOWNSTREAM}/notes`, { headers: { authorization: `Bearer ${accessToken}` }, redirect: 'manual' })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`The API answered ${response.status}.`)
  }
  const { notes } = /** @type {{ notes: string[] }} */ (await response.json())
  await env.KV.put(key, JSON.stringify({ at: new Date().toISOString(), notes: notes.length, tokenSource }))
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
