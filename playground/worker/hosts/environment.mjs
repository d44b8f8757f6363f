import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { memoryKv } from './memory-kv.mjs'

const defaultFile = fileURLToPath(new URL('../../../.playground/environment.json', import.meta.url))

/** @typedef {{ clientId: string, secret?: string, identifierUri?: string, certificate?: string, privateKey?: string }} Registration */

/**
 * The variables and secrets of the Worker, out of what `npm start` has written. A key for cookies is made for each start.
 *
 * @param {{ provider: string, tenants: { id: string }[], clients: Record<string, Registration>, api: string }} environment
 * @param {string} origin where the Worker is served
 * @returns {Omit<import('../types.d.ts').Env, 'KV'>}
 */
export function bindingsOf({ provider, tenants, clients, api }, origin) {
  const { web, api: middle, daemonCertificate: job } = clients
  return {
    ORIGIN: origin,
    AUTHORITY: `${provider}/${tenants[0]?.id}`,
    KNOWN_AUTHORITIES: new URL(provider).host,
    COOKIE_KEY: btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))),
    WEB_CLIENT_ID: web?.clientId ?? '',
    WEB_CLIENT_SECRET: web?.secret ?? '',
    API_CLIENT_ID: middle?.clientId ?? '',
    API_CLIENT_SECRET: middle?.secret ?? '',
    API_URI: middle?.identifierUri ?? '',
    JOB_CLIENT_ID: job?.clientId ?? '',
    JOB_CERTIFICATE: job?.certificate ?? '',
    JOB_PRIVATE_KEY: job?.privateKey ?? '',
    DOWNSTREAM: new URL(api).origin,
  }
}

/**
 * The same with a namespace in memory, for the hosts that are started by hand: `node node.mjs [environment file]`.
 *
 * @param {string} origin
 * @param {string} [file]
 * @returns {Promise<import('../types.d.ts').Env>}
 */
export async function openEnv(origin, file = defaultFile) {
  return { ...bindingsOf(JSON.parse(await readFile(file, 'utf8')), origin), KV: memoryKv() }
}

/** Node.js, Deno and Bun stay alive by themselves. What fails behind an answer was told where it was begun. */
export const context = { waitUntil: (/** @type {Promise<unknown>} */ work) => void work.catch(() => {}) }
