import { ConfidentialClientApplication, TokenCache } from 'msal-isomorphic'
import { kvHttpCache, kvStore } from 'msal-isomorphic/edge'

/** @import { App, Env } from './types.d.ts' */

/** @type {readonly (keyof Env)[]} */
const required = [
  'KV',
  'ORIGIN',
  'AUTHORITY',
  'COOKIE_KEY',
  'WEB_CLIENT_ID',
  'WEB_CLIENT_SECRET',
  'API_CLIENT_ID',
  'API_CLIENT_SECRET',
  'API_URI',
  'JOB_CLIENT_ID',
  'JOB_CERTIFICATE',
  'JOB_PRIVATE_KEY',
  'DOWNSTREAM',
]

/** @type {WeakMap<Env, App>} */
const apps = new WeakMap()

/**
 * The clients of an isolate: its requests share their memory, and one token request serves all who ask for the same token at once.
 * They are made with the first request, for nothing may happen while a Worker loads.
 *
 * @param {Env} env
 * @returns {App}
 */
export function openApp(env) {
  const known = apps.get(env)
  if (known) return known
  const missing = required.filter((name) => !env[name])
  if (missing.length) throw new Error(`The Worker lacks ${missing.join(', ')}.`)
  if (new URL(env.ORIGIN).origin !== env.ORIGIN) throw new Error('ORIGIN must be an origin, such as https://app.example.')

  const knownAuthorities = env.KNOWN_AUTHORITIES?.split(/\s+/).filter(Boolean) ?? []
  // One cache: the partitions of people, of callers of the API and of the job have names of their own. An isolate has 128 MB.
  const tokenCache = new TokenCache({ store: kvStore(env.KV), maxPartitions: 1000, onStoreError: () => console.error('KV failed.') })
  const common = { authority: env.AUTHORITY, knownAuthorities, tokenCache, httpCache: kvHttpCache(env.KV), appName: 'worker-playground' }
  const app = {
    env,
    cookieKeys: env.COOKIE_KEY.split(/\s+/).filter(Boolean),
    knownAuthorities,
    web: new ConfidentialClientApplication({ ...common, clientId: env.WEB_CLIENT_ID, clientCredential: env.WEB_CLIENT_SECRET }),
    api: new ConfidentialClientApplication({ ...common, clientId: env.API_CLIENT_ID, clientCredential: env.API_CLIENT_SECRET }),
    job: new ConfidentialClientApplication({
      ...common,
      clientId: env.JOB_CLIENT_ID,
      clientCredential: { privateKey: env.JOB_PRIVATE_KEY, publicCertificate: env.JOB_CERTIFICATE },
    }),
  }
  apps.set(env, app)
  return app
}
