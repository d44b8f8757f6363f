import { ClientConfigurationError } from '../../core/index.ts'
import type { Identity, UserAssignedKind } from './identity.ts'
import type { Machine } from './machine.ts'

/** Where the tokens of a managed identity come from; Azure Functions and Automation count as `app_service`, virtual machines as `imds`. */
export type ManagedIdentitySource = 'service_fabric' | 'app_service' | 'machine_learning' | 'azure_arc' | 'cloud_shell' | 'imds'

/** How a source is asked. */
interface Definition {
  /** The environment variable that holds the endpoint. */
  variable: string
  /** The endpoint where that is not set. */
  otherwise?: string
  apiVersion?: string
  metadata?: boolean
  /** The header that proves the right to ask, and the variable that holds its value. */
  secret?: readonly [header: string, variable: string]
  /** How it names a user-assigned identity, where it can. */
  parameters?: Readonly<Record<UserAssignedKind, string>>
}

const definitions: Readonly<Record<ManagedIdentitySource, Definition>> = {
  // Which identity is used is configured in the cluster.
  service_fabric: { variable: 'IDENTITY_ENDPOINT', apiVersion: '2019-07-01-preview', secret: ['Secret', 'IDENTITY_HEADER'] },
  app_service: {
    variable: 'IDENTITY_ENDPOINT',
    apiVersion: '2019-08-01',
    metadata: true,
    secret: ['X-IDENTITY-HEADER', 'IDENTITY_HEADER'],
    parameters: { clientId: 'client_id', objectId: 'object_id', resourceId: 'mi_res_id' },
  },
  machine_learning: {
    variable: 'MSI_ENDPOINT',
    apiVersion: '2017-09-01',
    secret: ['secret', 'MSI_SECRET'],
    parameters: { clientId: 'clientid', objectId: 'object_id', resourceId: 'msi_res_id' },
  },
  azure_arc: {
    variable: 'IDENTITY_ENDPOINT',
    otherwise: 'http://localhost:40342/metadata/identity/oauth2/token',
    apiVersion: '2020-06-01',
    metadata: true,
  },
  cloud_shell: { variable: 'MSI_ENDPOINT', otherwise: 'http://localhost:50342/oauth2/token', metadata: true },
  imds: {
    variable: 'MSAL_MANAGED_IDENTITY_ENDPOINT',
    otherwise: 'http://169.254.169.254/metadata/identity/oauth2/token',
    apiVersion: '2018-02-01',
    metadata: true,
    parameters: { clientId: 'client_id', objectId: 'object_id', resourceId: 'msi_res_id' },
  },
}

/** The source that this machine's environment names. A variable that is set counts, even to nothing. */
export async function selectSource(machine: Machine): Promise<ManagedIdentitySource> {
  const set = (...names: string[]) => names.every((name) => machine.env(name) !== undefined)
  if (set('IDENTITY_ENDPOINT', 'IDENTITY_HEADER')) return set('IDENTITY_SERVER_THUMBPRINT') ? 'service_fabric' : 'app_service'
  if (set('MSI_ENDPOINT', 'MSI_SECRET')) return 'machine_learning'
  if (set('IDENTITY_ENDPOINT', 'IMDS_ENDPOINT') || (await hasArcAgent(machine))) return 'azure_arc'
  return machine.env('AZUREPS_HOST_ENVIRONMENT')?.startsWith('cloud-shell') ? 'cloud_shell' : 'imds'
}

async function hasArcAgent({ platform, env, fs }: Machine): Promise<boolean> {
  const programs = env('ProgramFiles')
  const agents = {
    // Newer agents have moved.
    linux: ['/var/opt/azcmagent/bin/himds', '/opt/azcmagent/bin/himds'],
    win32: programs ? [`${programs}\\AzureConnectedMachineAgent\\himds.exe`] : [],
  }[platform as string]
  for (const path of agents ?? []) {
    if (
      await fs.lstat(path).then(
        () => true,
        () => false,
      )
    )
      return true
  }
  return false
}

export interface SourceRequest {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: URLSearchParams
  /** What must not come back in an error. */
  secrets: string[]
  noStore?: true
}

/** The request of a source. Throws where the environment or the identity rules it out. */
export function requestOf(source: ManagedIdentitySource, identity: Identity, resource: string, machine: Machine): SourceRequest {
  const { variable, otherwise, apiVersion, metadata, secret, parameters } = definitions[source]
  // Alone, IDENTITY_ENDPOINT is not the Arc agent's.
  const foreign = source === 'azure_arc' && machine.env('IMDS_ENDPOINT') === undefined
  const url = endpoint(variable, (foreign ? undefined : machine.env(variable)) ?? otherwise ?? '')
  const fields: Record<string, string> = { ...(apiVersion && { 'api-version': apiVersion }), resource }
  if (identity.kind) {
    if (!parameters) throw invalid(`The managed identity source ${source} takes no identity: leave out the option.`)
    fields[parameters[identity.kind]] = identity.id
  }
  const headers: Record<string, string> = metadata ? { Metadata: 'true' } : {}
  const secrets: string[] = []
  if (secret) {
    const [header, name] = secret
    const value = machine.env(name) ?? ''
    if (!/^[\x20-\x7e]*$/.test(value)) throw invalid(`The environment variable ${name} holds what no HTTP header can.`)
    headers[header] = value
    secrets.push(value)
  }
  if (source === 'cloud_shell') return { method: 'POST', url: url.href, headers, body: new URLSearchParams(fields), secrets }
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return { method: 'GET', url: url.href, headers, secrets }
}

const protocolFields = /^(resource|api-version|client_?id|object_id|principal_id|ms?i_res_id)$/i

/** Refuses extra parameters that would stand for one of the protocol, or that have no place in the request. */
export function checkExtras({ method }: SourceRequest, query: Record<string, string>, body: Record<string, string>): void {
  const name = [...Object.keys(query), ...Object.keys(body)].find((key) => protocolFields.test(key))
  if (name) throw invalid(`${name} is a protocol parameter; extra parameters cannot override it.`)
  if (method === 'GET' && Object.keys(body).length)
    throw invalid('This managed identity source is asked without a form: leave out extraBodyParameters.')
}

// Loopback and link-local: what is sent there does not leave the machine or its host.
const local = /^(localhost|127\.\d+\.\d+\.\d+|169\.254\.\d+\.\d+|\[::1\])$/

function endpoint(variable: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && local.test(url.hostname))
  if (!url || !safe || url.username || url.password) {
    throw invalid(`The environment variable ${variable} must hold an https URL, or an http URL of a loopback or link-local address.`)
  }
  return url
}

const invalid = (message: string) => new ClientConfigurationError('invalid_argument', message)
