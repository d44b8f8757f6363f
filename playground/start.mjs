// `npm start`: the sign-in provider, the protected API and a page that says what to do next. Development only.
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startApi } from './api/index.mjs'
import { startProvider } from './provider/index.mjs'
import { startPage, startPageHeaders } from './start-page.mjs'
import { startWorker } from './worker/start.mjs'

const folder = fileURLToPath(new URL('../.playground/', import.meta.url))
const environmentFile = `${folder}environment.json`

const provider = await startProvider()
const api = await startApi({ provider })
const page = createServer()
page.listen(0, '127.0.0.1')
await once(page, 'listening')
const pageUrl = `http://localhost:${page.address().port}`

const environment = {
  provider: provider.url,
  providerHttps: provider.httpsUrl,
  authority: provider.authority('common'),
  tenants: Object.values(provider.tenants).map((tenant) => ({ ...tenant, authority: provider.authority(tenant) })),
  api: `${api.url}/notes`,
  scopes: ['api://notes/Notes.Read'],
  page: pageUrl,
  clients: Object.fromEntries(Object.entries(provider.clients).map(([name, client]) => [name, forReaders(client)])),
  users: Object.values(provider.users).map(({ name, username, password }) => ({ name, username, password })),
}
const worker = await startWorker(environment)
environment.worker = worker.url
page.on('request', (req, res) => {
  const pages = { '/': startPage(environment), '/environment.json': JSON.stringify(environment, null, 2) }
  const body = pages[new URL(req.url, pageUrl).pathname]
  res.writeHead(body ? 200 : 404, startPageHeaders(req.url.endsWith('.json') ? 'application/json' : 'text/html'))
  res.end(req.method === 'HEAD' ? undefined : (body ?? 'Not found'))
})
await mkdir(folder, { recursive: true })
await writeFile(environmentFile, `${JSON.stringify(environment, null, 2)}\n`, { mode: 0o600 })

const people = environment.users.map(({ username, password }) => `${username} / ${password}`)
console.log(`
msal-isomorphic playground (for development only)

  Sign-in provider   ${provider.url}
                     ${provider.httpsUrl}
  Protected API      ${environment.api}
  What to do next    ${pageUrl}
  Worker             ${worker.url}

  People             ${people.join('\n                     ')}

Next: open the page above, or type in another terminal:  node playground/node-cli
Stop with Ctrl+C.
`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

async function stop() {
  page.close()
  page.closeAllConnections()
  await Promise.all([rm(environmentFile, { force: true }), worker.close(), api.close(), provider.close()])
}

/** The registration as the other apps of the playground need it; the private key of the certificate client included. */
function forReaders({ redirectUris: _left, ...client }) {
  return client
}
