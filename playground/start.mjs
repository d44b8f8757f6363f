// `npm start`: the sign-in provider, the protected API, a page to sign in on and one that says what else to try. Development only.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startApi } from './api/index.mjs'
import { startProvider } from './provider/index.mjs'
import { startSite } from './spa/site.mjs'
import { startPage, startPageHeaders } from './start-page.mjs'
import { startWorker } from './worker/start.mjs'

const folder = fileURLToPath(new URL('../.playground/', import.meta.url))
const environmentFile = `${folder}environment.json`

const provider = await startProvider()
const api = await startApi({ provider })
const site = await startSite({ provider, api })

const environment = {
  provider: provider.url,
  providerHttps: provider.httpsUrl,
  authority: provider.authority('common'),
  tenants: Object.values(provider.tenants).map((tenant) => ({ ...tenant, authority: provider.authority(tenant) })),
  api: `${api.url}/notes`,
  scopes: ['api://notes/Notes.Read'],
  page: site.url,
  clients: Object.fromEntries(Object.entries(provider.clients).map(([name, client]) => [name, forReaders(client)])),
  users: Object.values(provider.users).map(({ name, username, password }) => ({ name, username, password })),
}
const worker = await startWorker(environment)
environment.worker = worker.url
site.pages.set('/guide', { headers: startPageHeaders('text/html'), body: startPage(environment) })
site.pages.set('/environment.json', { headers: startPageHeaders('application/json'), body: JSON.stringify(environment, null, 2) })
await mkdir(folder, { recursive: true })
await writeFile(environmentFile, `${JSON.stringify(environment, null, 2)}\n`, { mode: 0o600 })

const people = environment.users.map(({ username, password }) => `${username} / ${password}`)
console.log(`
msal-isomorphic playground (for development only)

  Sign-in provider   ${provider.url}
                     ${provider.httpsUrl}
  Protected API      ${environment.api}

  Sample page        ${site.url}
  Sample Worker      ${worker.url}
  What else to try   ${site.url}/guide

  People             ${people.join('\n                     ')}

Next: open the sample page, or type in another terminal:  node playground/node-cli
Stop with Ctrl+C.
`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

async function stop() {
  await Promise.all([rm(environmentFile, { force: true }), worker.close(), site.close(), api.close(), provider.close()])
}

/** The registration as the other apps of the playground need it; the private key of the certificate client included. */
function forReaders({ redirectUris: _left, ...client }) {
  return client
}
