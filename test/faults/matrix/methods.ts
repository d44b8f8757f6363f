import {
  type AccountInfo,
  ConfidentialClientApplication,
  type HttpCache,
  type Interaction,
  type LogRecord,
  PublicClientApplication,
  type SerializableTokenCache,
} from '../../../src/core/index.ts'
import { canary } from '../../support/canary.ts'
import { clientId, type Endpoint, type FaultyProvider, homeAccountIdOf, type Tenant, user } from './faulty-provider.ts'

type Client = PublicClientApplication | ConfidentialClientApplication

/** Where one cell of the matrix happens. */
export interface World {
  provider: FaultyProvider
  tenant: Tenant
  tokenCache: SerializableTokenCache
  httpCache?: HttpCache | undefined
  /** All that was logged. */
  records: LogRecord[]
  /** Everything that this cell's secrets are, besides the canaries. */
  secrets: string[]
  timeout: number
}

/** A column of the matrix. */
export interface Method {
  name: string
  endpoints: readonly Endpoint[]
  /** The password is kept by the person's company. */
  federated?: boolean
  /** Puts the flow, or whatever it needs, in order while all is still well; gives the call. */
  prepare(world: World, client: () => Client): Promise<(client: Client) => Promise<unknown>>
  confidential?: boolean
}

const redirectUri = 'https://app.example/callback'
const scopes = ['Other.Read']
/** Milliseconds until the device's code is over, where its sign-in is to fail: what may be better the next time is waited out. */
const polling = 300

export const account = (tenant: Tenant): AccountInfo => ({
  homeAccountId: homeAccountIdOf(tenant),
  environment: '127.0.0.1',
  tenantId: tenant.id,
  localAccountId: user.uid,
  username: `${user.username}@${tenant.id}`,
  authorityType: 'MSSTS',
})

export function newClient(
  { tenant, tokenCache, httpCache, records, provider, timeout }: World,
  confidential: boolean,
  endpoint?: Endpoint,
) {
  const options = {
    clientId,
    authority: tenant.authority,
    tokenCache,
    timeout,
    logger: (record: LogRecord) => void records.push(record),
    ...(httpCache && { httpCache }),
    ...(endpoint === 'instance' ? { instanceDiscovery: `${provider.origin}/instance` } : { instanceDiscovery: false }),
    ...(endpoint === 'keys' && { verifyIdTokenSignature: true }),
  }
  if (confidential) return new ConfidentialClientApplication({ ...options, clientCredential: canary('client-secret') })
  const interaction: Interaction = {
    responseModes: ['query'],
    begin: () => ({ redirectUri, authorize: async ({ url }) => provider.signIn(tenant, url), close() {} }),
  }
  return new PublicClientApplication({ ...options, interaction })
}

const plain = (call: (client: Client, world: World) => Promise<unknown>) => async (world: World) => (client: Client) => call(client, world)

const common: Method[] = [
  {
    name: 'initiateAuthCodeFlow',
    endpoints: ['instance', 'discovery'],
    prepare: plain((client) => client.initiateAuthCodeFlow({ scopes, redirectUri, state: canary('state') })),
  },
  {
    name: 'acquireTokenByAuthCodeFlow',
    endpoints: ['discovery', 'token', 'keys'],
    async prepare({ provider, tenant, secrets }, client) {
      const flow = await client().initiateAuthCodeFlow({ scopes, redirectUri, state: canary('state') })
      const { codeVerifier, nonce } = flow as unknown as Record<string, string>
      secrets.push(codeVerifier!, nonce!, new URL(flow.authUri).searchParams.get('nonce')!)
      return (app) => app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(tenant, flow.authUri) })
    },
  },
  {
    name: 'acquireTokenByAuthorizationCode',
    endpoints: ['discovery', 'token', 'keys'],
    prepare: plain((client, { provider, tenant }) =>
      client.acquireTokenByAuthorizationCode({
        code: provider.code(tenant),
        scopes,
        redirectUri,
        codeVerifier: canary('verifier~of.forty_characters'),
      }),
    ),
  },
  {
    name: 'getAuthorizationRequestUrl',
    endpoints: ['instance', 'discovery'],
    prepare: plain((client) => client.getAuthorizationRequestUrl({ scopes, state: canary('state') })),
  },
  {
    name: 'acquireTokenByRefreshToken',
    endpoints: ['discovery', 'token', 'keys'],
    prepare: plain((client) => client.acquireTokenByRefreshToken({ refreshToken: canary('migrated'), scopes })),
  },
  {
    name: 'acquireTokenByUsernamePassword',
    endpoints: ['instance', 'discovery', 'realm', 'token', 'keys'],
    prepare: plain((client, { tenant }) =>
      client.acquireTokenByUsernamePassword({ username: `${user.username}@${tenant.id}`, password: canary('password'), scopes }),
    ),
  },
  {
    name: 'acquireTokenByUsernamePassword, federated',
    endpoints: ['mex', 'trust', 'token'],
    federated: true,
    prepare: plain((client, { tenant }) =>
      client.acquireTokenByUsernamePassword({ username: `${user.username}@${tenant.id}`, password: canary('password'), scopes }),
    ),
  },
  {
    name: 'acquireTokenSilent',
    endpoints: ['instance', 'discovery', 'token', 'keys'],
    prepare: plain((client, { tenant }) => client.acquireTokenSilent({ scopes, account: account(tenant) })),
  },
  {
    name: 'acquireTokenSilentWithError',
    endpoints: ['discovery', 'token', 'keys'],
    prepare: plain((client, { tenant }) =>
      client.acquireTokenSilentWithError({ scopes: ['User.Read'], account: account(tenant), forceRefresh: true }),
    ),
  },
  {
    name: 'getLogoutUrl',
    endpoints: ['instance', 'discovery'],
    prepare: plain((client, { tenant }) => client.getLogoutUrl({ account: account(tenant) })),
  },
]

const own: Method[] = [
  {
    name: 'acquireTokenInteractive',
    endpoints: ['instance', 'discovery', 'token', 'keys'],
    prepare: plain((client) => (client as PublicClientApplication).acquireTokenInteractive({ scopes })),
  },
  {
    name: 'initiateDeviceFlow',
    endpoints: ['instance', 'discovery', 'device'],
    prepare: plain((client) => (client as PublicClientApplication).initiateDeviceFlow({ scopes })),
  },
  {
    name: 'acquireTokenByDeviceFlow',
    endpoints: ['discovery', 'token', 'keys'],
    async prepare({ tenant }, client) {
      const flow = await (client() as PublicClientApplication).initiateDeviceFlow({ scopes })
      return (app) => {
        Object.assign(flow, { interval: 20, expiresAt: Date.now() + (tenant.fault ? polling : 60_000) })
        return (app as PublicClientApplication).acquireTokenByDeviceFlow({ flow })
      }
    },
  },
]

const confidential: Method[] = [
  ...common,
  {
    name: 'acquireTokenForClient',
    endpoints: ['instance', 'discovery', 'token'],
    prepare: plain((client) =>
      (client as ConfidentialClientApplication).acquireTokenForClient({ scopes: ['https://api.example/.default'] }),
    ),
  },
  {
    name: 'acquireTokenOnBehalfOf',
    endpoints: ['instance', 'discovery', 'token', 'keys'],
    prepare: plain((client) =>
      (client as ConfidentialClientApplication).acquireTokenOnBehalfOf({ userAssertion: canary('user-assertion'), scopes }),
    ),
  },
]

export const methods: readonly Method[] = [
  ...[...common, ...own].map((method) => ({ ...method, name: `public ${method.name}` })),
  ...confidential.map((method) => ({ ...method, name: `confidential ${method.name}`, confidential: true })),
]
