#!/usr/bin/env node
// A program without a person: it proves who it is with a certificate, gets a token of its own and calls the API.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `Usage: node playground/daemon [options]

Calls the API of the playground as itself: client credentials, with a certificate.

  --tenant <id>        whose data to work on: an id or a domain (default: the playground's first tenant)
  --region <name>      the region of Azure whose endpoint to use, or "detect" for this machine's; the playground has the global one only
  --environment <file> what "npm start" has written (default: .playground/environment.json)
  --help               show this text

Exit codes: 0 done, 1 failed, 2 wrong use or configuration.
`
const defaultFile = fileURLToPath(new URL('../../.playground/environment.json', import.meta.url))

class UsageError extends Error {}

/** Text from elsewhere, fit for a terminal. */
const printable = (text) => String(text).replace(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ')

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${describe(error)}\n`)
  return error instanceof UsageError ? 2 : 1
})

async function main(words) {
  const { help, tenant: name, region, environment: file = defaultFile } = readOptions(words)
  if (help) {
    process.stdout.write(usage)
    return 0
  }
  const { provider, tenants, clients, api } = await readEnvironment(file)
  const tenant = name ? tenants.find(({ id, domain }) => [id, domain].includes(name)) : tenants[0]
  if (!tenant) throw new UsageError(`The playground has no tenant ${printable(name)}.`)

  const { ATTEMPT_REGION_DISCOVERY, ConfidentialClientApplication } = await loadLibrary()
  const { clientId, privateKey, certificate } = clients.daemonCertificate
  const app = new ConfidentialClientApplication({
    clientId,
    clientCredential: { privateKey, publicCertificate: certificate },
    authority: `${provider}/${tenant.id}`,
    knownAuthorities: [new URL(provider).host],
    azureRegion: region === 'detect' ? ATTEMPT_REGION_DISCOVERY : (region ?? false),
    appName: 'msal-isomorphic playground daemon',
  })
  const token = await app.acquireTokenForClient({ scopes: ['api://notes/.default'] })
  // A daemon asks whenever it needs a token; as long as that one is good, it is the one it gets.
  const again = await app.acquireTokenForClient({ scopes: ['api://notes/.default'] })

  const response = await fetch(api, {
    headers: { authorization: `Bearer ${again.accessToken}` },
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  })
  const minutes = Math.round((token.expiresOn - Date.now()) / 60_000)
  process.stdout.write(`Tenant     ${printable(tenant.name)} (${tenant.id})
Token      from the provider, for ${minutes} minutes; the second one from the ${again.tokenSource}
API        ${response.status} ${printable(api)}
${JSON.stringify(await response.json(), null, 2)}
`)
  await app.close()
  return response.ok ? 0 : 1
}

function readOptions(args) {
  const value = { type: 'string' }
  try {
    return parseArgs({ args, options: { tenant: value, region: value, environment: value, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${usage}`)
  }
}

async function readEnvironment(file) {
  try {
    const environment = JSON.parse(await readFile(file, 'utf8'))
    if (environment.clients.daemonCertificate.privateKey) return environment
  } catch {}
  throw new UsageError(`The playground does not run: ${file} is missing or not what "npm start" writes.`)
}

async function loadLibrary() {
  try {
    return await import('msal-isomorphic')
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new UsageError('The library is not built yet. Run "npm ci" once, then "npm run build" or "npm start".')
  }
}

/** What a person reads about an error: no stack, and nothing that could hold a secret. */
function describe({ name, code, message, correlationId }) {
  if (!correlationId) return code ? `${name} (${code}): ${printable(message)}` : printable(message)
  return `Error ${code}: ${printable(message)}\nCorrelation id: ${printable(correlationId)}`
}
