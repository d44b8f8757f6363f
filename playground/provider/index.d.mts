import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

export interface Tenant {
  id: string
  name: string
  domain: string
  /** Whose people sign in at a server of the company's own. */
  federatedDomain?: string
}

export interface User {
  name: string
  username: string
  password: string
  /** Object ids by tenant id; the first one is the home account. */
  objectIds: Record<string, string>
  homeTenantId: string
  /** `{oid}.{tid}` of the home account. */
  homeAccountId: string
  subject: string
  /** Signs in at a server of the company's own, as far as names and passwords go. */
  federated: boolean
}

export interface Client {
  clientId: string
  name: string
  type: 'native' | 'spa' | 'web' | 'daemon'
  redirectUris: string[]
  secret?: string
  /** PEM */
  certificate?: string
  /** PEM, PKCS#8; empty where the caller brought the certificate */
  privateKey?: string
  /** SHA-1 of the certificate, upper-case hex */
  thumbprint?: string
  thumbprintSha256?: string
  family?: '1'
  /** The API that the registration stands for: it may call others on behalf of its callers. */
  identifierUri?: string
}

export interface Settings {
  accessTokenSeconds: number
  idTokenSeconds: number
  refreshTokenSeconds: number
  spaRefreshTokenSeconds: number
  refreshInSeconds: number | null | undefined
  rotateRefreshTokens: boolean
  rotationGraceSeconds: number
  codeSeconds: number
  deviceCodeSeconds: number
  deviceCodeInterval: number
  deviceCodeSlowDown: boolean
  onBehalfOfConsent: boolean
  anyOrigin: boolean
  samlAssertionSeconds: number
}

export interface Fault {
  when?: { path?: string; grantType?: string; clientId?: string }
  status?: number
  headers?: OutgoingHttpHeaders
  body?: string | object
  delay?: number
  drop?: boolean
  after?: boolean
  times?: number
}

export interface LoggedRequest {
  method: string
  path: string
  grantType: string | undefined
  clientId: string | undefined
  /** 0 until it is answered */
  status: number
  parameters: Record<string, string | string[] | undefined>
  headers: IncomingHttpHeaders
}

export interface ProviderOptions {
  port?: number
  httpsPort?: number
  https?: boolean
  settings?: Partial<Settings>
  certificate?: string
  clients?: Record<string, Client>
  publicUrl?: string
}

export interface Provider {
  url: string
  localUrl: string
  httpsUrl: string | undefined
  ca: string | undefined
  tenants: typeof tenants
  users: typeof users
  clients: Record<'native' | 'spa' | 'familyOne' | 'familyTwo', Client> &
    Record<'web' | 'daemon', Client & { secret: string }> &
    Record<'api', Client & { secret: string; identifierUri: string }> &
    Record<
      'webCertificate' | 'daemonCertificate',
      Client & Required<Pick<Client, 'certificate' | 'privateKey' | 'thumbprint' | 'thumbprintSha256'>>
    > &
    Record<string, Client>
  settings: Settings
  requests: LoggedRequest[]
  control: {
    failNext(fault: Fault): void
    clearFaults(): void
    throttleNext(options?: Pick<Fault, 'when' | 'times'> & { seconds?: number }): void
    revoke(options?: { user?: User; sessions?: boolean }): void
  }
  tokenRequests(grantType?: string): LoggedRequest[]
  authority(tenant?: string | Tenant, options?: { https?: boolean }): string
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export const tenants: Record<'contoso' | 'fabrikam', Tenant>
export const users: Record<'alice' | 'bob' | 'carol' | 'fred' | 'gina', User>
export function createCertificate(
  commonName?: string,
): Required<Pick<Client, 'certificate' | 'privateKey' | 'thumbprint' | 'thumbprintSha256'>>
export function startProvider(options?: ProviderOptions): Promise<Provider>
