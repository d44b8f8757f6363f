import { expect } from 'vitest'
import type { AuthError } from '../../../src/core/index.ts'
import { ManagedIdentityClient, type ManagedIdentityOptions, runOn } from '../../../src/node/managed-identity/client.ts'
import type { Machine } from '../../../src/node/managed-identity/machine.ts'
import type { ManagedIdentitySource } from '../../../src/node/managed-identity/sources.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'
import { type FaultServer, type Mood, startFaultServer } from '../../support/fault-server.ts'

export const resource = 'https://management.example/'
export const header = canary('identity-header')
export const secret = canary('msi-secret')
export const key = canary('arc-key')

/** A machine that has these variables and no files. */
export function machine(variables: Record<string, string>, more: Partial<Machine> = {}): Machine & { pauses: number[] } {
  const pauses: number[] = []
  return {
    env: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    platform: 'linux',
    hostname: 'web-1.example',
    fs: { lstat: () => Promise.reject(new Error('gone')), readFile: () => Promise.reject(new Error('gone')) },
    sleep: async (milliseconds) => void pauses.push(milliseconds),
    pauses,
    ...more,
  }
}

export function clientOn(on: Machine, options?: ManagedIdentityOptions): ManagedIdentityClient {
  const client = new ManagedIdentityClient(options)
  runOn(client, on)
  return client
}

/** The variables that make a source of a URL. */
export const variablesFor: Readonly<Record<ManagedIdentitySource, (url: string) => Record<string, string>>> = {
  service_fabric: (url) => ({ IDENTITY_ENDPOINT: url, IDENTITY_HEADER: header, IDENTITY_SERVER_THUMBPRINT: 'AB'.repeat(20) }),
  app_service: (url) => ({ IDENTITY_ENDPOINT: url, IDENTITY_HEADER: header }),
  machine_learning: (url) => ({ MSI_ENDPOINT: url, MSI_SECRET: secret }),
  azure_arc: (url) => ({ IDENTITY_ENDPOINT: url, IMDS_ENDPOINT: 'http://localhost:40342' }),
  cloud_shell: (url) => ({ AZUREPS_HOST_ENVIRONMENT: 'cloud-shell/1.0', MSI_ENDPOINT: url }),
  imds: (url) => ({ MSAL_MANAGED_IDENTITY_ENDPOINT: url }),
}

export const sources = Object.keys(variablesFor) as ManagedIdentitySource[]

/** A folder with the key of the Arc agent in the place of the real one. */
export const arcFiles = (content: string | Buffer = `${key}\n`): Pick<Machine, 'fs'> => ({
  fs: {
    lstat: async (path: string) => {
      if (!path.startsWith('/var/opt/azcmagent/tokens/')) throw new Error('gone')
      return { isFile: () => true, size: content.length }
    },
    readFile: async () => content.toString(),
  },
})

/** A real server that answers as it is told; the Arc agent's challenge comes first where the key is missing. */
export interface Platform extends FaultServer {
  status: number
  headers: Record<string, string>
  /** A text is sent as it is. */
  content: () => object | string
}

export async function startPlatform(more: Readonly<Record<string, Mood>> = {}): Promise<Platform> {
  const server = await startFaultServer({
    token(response, query) {
      if (query.get('api-version') === '2020-06-01' && !server.hits.at(-1)!.headers.authorization) {
        return response.writeHead(401, { 'www-authenticate': 'Basic realm=/var/opt/azcmagent/tokens/one.key' }).end()
      }
      const { status, headers, content } = platform
      const body = content()
      return response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
    },
    ...more,
  })
  const platform: Platform = Object.assign(server, { status: 200, headers: {}, content: () => token() })
  return platform
}

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

/** A platform's token as most of them write it: times as strings, more fields than anybody needs. */
export const token = (life = 86_399, more: object = {}) => ({
  access_token: 'at',
  refresh_token: '',
  expires_in: String(life),
  expires_on: String(inSeconds(life)),
  not_before: '1500000000',
  resource,
  token_type: 'Bearer',
  ...more,
})

/** What a call rejects with; nothing in it shows a secret. */
export async function failure(work: Promise<unknown>): Promise<AuthError & Record<string, unknown>> {
  const error = await work.then(
    () => expect.unreachable('it resolved'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(Error)
  expect((error as AuthError).code, String(error)).toBeTypeOf('string')
  expectNoCanary(error)
  return error as AuthError & Record<string, unknown>
}
