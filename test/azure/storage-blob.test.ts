import { text } from 'node:stream/consumers'
import { BlobServiceClient, type StoragePipelineOptions } from '@azure/storage-blob'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toTokenCredential } from '../../src/azure/index.ts'
import { type AuthorizeRequest, ConfidentialClientApplication, PublicClientApplication } from '../../src/core/index.ts'
import { ManagedIdentityClient } from '../../src/node/index.ts'
import { type Playground, signIn, startPlayground } from '../support/provider.ts'
import { blob, claimsAsked, holder, type Service, serve, startService } from './services.ts'

const audience = 'https://storage.azure.com'
const storage = [`${audience}/.default`]

let playground: Playground
let service: Service
let server: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  playground = await startPlayground({ https: false })
  server = await serve((request) => service.handle(request))
})
afterAll(async () => {
  server?.close()
  await playground?.close()
})
beforeEach(() => {
  const { provider } = playground
  const { contoso } = provider.tenants
  provider.requests.length = 0
  service = startService({
    authority: provider.authority(contoso),
    tenantId: contoso.id,
    audience,
    answer: () => blob('a blob of Contoso'),
  })
})

/** A client of the SDK as it is published. It retries what it need not here. */
function download(credential: ReturnType<typeof toTokenCredential>) {
  const options = { tlsOptions: { ca: server.ca }, retryOptions: { maxTries: 1 } } as StoragePipelineOptions
  const client = new BlobServiceClient(`${server.url}/account`, credential, options)
  const file = client.getContainerClient('notes').getBlobClient('today.txt')
  return async () => text((await file.download()).readableStreamBody!)
}

const tokenForms = () => playground.provider.tokenRequests().map(({ parameters }) => parameters)

function daemon(tenant = playground.provider.tenants.contoso) {
  const { provider } = playground
  const { clientId, secret } = provider.clients.daemon
  const authority = provider.authority(tenant)
  return new ConfidentialClientApplication({
    clientId,
    clientCredential: secret,
    authority,
    validateAuthority: false,
    clientCapabilities: ['CP1'],
  })
}

describe('the blob client of the Azure SDK', () => {
  it('gets its blob as the service itself, with one token for all', async () => {
    const credential = toTokenCredential(daemon())
    const get = download(credential)
    expect([await get(), await get(), await download(credential)()]).toEqual(Array(3).fill('a blob of Contoso'))
    expect(service.tokens.map(holder)).toEqual(Array(3).fill(playground.provider.clients.daemon.clientId))
    expect(tokenForms()).toHaveLength(1)
  })

  it('answers a claims challenge with a new token, which serves from then on', async () => {
    const app = daemon()
    const get = download(toTokenCredential(app))
    await get()
    service.revoke()
    expect(await get()).toBe('a blob of Contoso')
    const [first, refused, second] = service.tokens
    expect([refused === first, second === first]).toEqual([true, false])
    expect(JSON.parse(String(tokenForms()[1]!.claims)).access_token).toEqual({
      ...JSON.parse(claimsAsked).access_token,
      xms_cc: { values: ['CP1'] },
    })
    expect(decodeJwt(second!)).toMatchObject({ xms_cc: ['CP1'] })
    expect((await app.acquireTokenForClient({ scopes: storage })).accessToken).toBe(second)
  })

  it('goes to the tenant that the service names, where that is allowed', async () => {
    const { contoso, fabrikam } = playground.provider.tenants
    const get = download(toTokenCredential(daemon(fabrikam), { additionallyAllowedTenants: [contoso.id.toUpperCase()] }))
    expect(await get()).toBe('a blob of Contoso')
    expect(service.tokens.map((token) => decodeJwt(token!).tid)).toEqual([fabrikam.id, contoso.id])
  })

  it('acts on behalf of the caller of an API', async () => {
    const { provider } = playground
    const { api, native } = provider.clients
    const authority = provider.authority(provider.tenants.contoso)
    const { accessToken } = await signedIn(native.clientId, ['api://notes/Notes.Read'])
    const app = new ConfidentialClientApplication({
      clientId: api.clientId,
      clientCredential: api.secret,
      authority,
      validateAuthority: false,
    })
    expect(await download(toTokenCredential(app, { userAssertion: accessToken }))()).toBe('a blob of Contoso')
    expect(service.tokens.map(holder)).toEqual(['alice@contoso.example'])
  })

  it('acts for somebody who has signed in, until they have to again', async () => {
    const { app, account, pages } = await signedIn()
    const get = download(toTokenCredential(app, { account }))
    expect(await get()).toBe('a blob of Contoso')
    playground.provider.control.revoke({ user: playground.provider.users.alice })
    service.revoke()
    await expect(get()).rejects.toMatchObject({ name: 'InteractionRequiredAuthError', code: 'interaction_required' })
    expect(pages).toHaveLength(1)
  })

  it('shows the page once for all, where it may', async () => {
    const { app, account, pages } = await signedIn()
    const credential = toTokenCredential(app, { account, interactive: true })
    const gets = [download(credential), download(credential), download(credential)]
    await Promise.all(gets.map((get) => get()))
    playground.provider.control.revoke({ user: playground.provider.users.alice })
    await app.removeAccount(account)
    service.revoke()
    expect(await Promise.all(gets.map((get) => get()))).toEqual(Array(3).fill('a blob of Contoso'))
    expect(pages).toHaveLength(2)
    expect(new URL(pages[1]!).searchParams.get('login_hint')).toBe(account.username)
  })

  it('acts as a managed identity', async () => {
    const asked: URL[] = []
    const imds: typeof fetch = async (input) => {
      asked.push(new URL(String(input)))
      const { accessToken } = await daemon().acquireTokenForClient({ scopes: storage })
      return Response.json({ access_token: accessToken, expires_in: '3600', token_type: 'Bearer', resource: audience })
    }
    const get = download(toTokenCredential(new ManagedIdentityClient({ fetch: imds })))
    expect(await get()).toBe('a blob of Contoso')
    expect(asked.map(({ searchParams }) => searchParams.get('resource'))).toEqual([audience])
  })
})

/** Alice, signed in at the provider's own pages. `pages` are the URLs that were shown. */
async function signedIn(clientId = playground.provider.clients.native.clientId, scopes = storage) {
  const { provider } = playground
  const pages: string[] = []
  const authorize = async ({ url }: AuthorizeRequest) => {
    pages.push(url)
    return (await signIn(url, provider.users.alice)).params
  }
  const app = new PublicClientApplication({
    clientId,
    authority: provider.authority(provider.tenants.contoso),
    validateAuthority: false,
    interaction: { responseModes: ['query'], begin: () => ({ redirectUri: 'http://localhost', authorize, close() {} }) },
  })
  return { app, pages, ...(await app.acquireTokenInteractive({ scopes })) }
}
