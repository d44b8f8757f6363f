import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CliError, exitCodes } from './errors.js'

const playgroundFolder = fileURLToPath(new URL('../../.playground/', import.meta.url))

/** Where to sign in, what to call, and the folder of the cache files. */
export async function readEnvironment({ environment: file, tenant }, env = process.env) {
  const { AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: tenantId, MSAL_CLI_HOME: home } = env
  if (!file && clientId && tenantId) {
    return {
      clientId,
      authority: authorityOf('https://login.microsoftonline.com', tenant ?? tenantId),
      scopes: ['User.Read'],
      api: 'https://graph.microsoft.com/v1.0/me',
      home: home || join(homedir(), '.msal-isomorphic-cli'),
      isPlayground: false,
    }
  }
  if (!file && (clientId || tenantId)) {
    throw new CliError('Set both AZURE_CLIENT_ID and AZURE_TENANT_ID, or neither to use the playground.', exitCodes.usage)
  }
  const { provider, tenants, clients, scopes, api } = await readPlayground(file ?? join(playgroundFolder, 'environment.json'))
  // The playground's issuers name their tenants by id only.
  const tenantByDomain = tenants.find(({ domain }) => domain === tenant)
  return {
    clientId: clients.native.clientId,
    authority: authorityOf(provider, tenantByDomain?.id ?? tenant ?? 'common'),
    knownAuthorities: [new URL(provider).host],
    scopes,
    api,
    home: home || join(playgroundFolder, 'cli'),
    isPlayground: true,
  }
}

const authorityOf = (instance, tenant) => `${instance}/${encodeURIComponent(tenant)}`

async function readPlayground(file) {
  let text
  try {
    text = await readFile(file, 'utf8')
  } catch {
    throw new CliError(
      `The playground does not run: there is no ${file}.
Start it in another terminal with "npm start", or set AZURE_CLIENT_ID and AZURE_TENANT_ID to use the real service.`,
      exitCodes.usage,
    )
  }
  try {
    const content = JSON.parse(text)
    const { provider, tenants, clients, scopes, api } = content
    if ([provider, api].every((url) => URL.canParse(url)) && [tenants, scopes].every(Array.isArray) && clients.native.clientId)
      return content
  } catch {}
  throw new CliError(`${file} is not what "npm start" writes. Start the playground again.`, exitCodes.usage)
}
