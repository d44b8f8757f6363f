import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { runPeer } from './peer.ts'

// The look-alike is true when libraries that know nothing of it work with it: MSAL Node and MSAL Python, unmodified, over HTTPS.
const python = '/usr/bin/python3'
const hasPythonMsal = spawnSync(python, ['-c', 'import msal']).status === 0
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const { contoso } = tenants
const { alice } = users

let playground: Playground
beforeAll(async () => {
  playground = await startPlayground({ settings: { deviceCodeInterval: 1 } })
})
afterAll(() => playground.close())

async function converse(command: string, file: string): Promise<Map<unknown, Record<string, unknown>>> {
  const { provider } = playground
  const { native, web, webCertificate, api } = provider.clients
  const ca = provider.ca ?? ''
  const results = await runPeer({
    command,
    args: [script(file)],
    ca,
    config: {
      authority: provider.authority(contoso, { https: true }),
      sharedAuthority: provider.authority('common', { https: true }),
      host: new URL(provider.httpsUrl ?? '').host,
      native,
      web,
      webCertificate,
      api,
      person: { username: alice.username, password: alice.password },
      redirectUri: 'http://localhost:5555/redirect',
      scopes: ['api://notes/Notes.Read'],
      appScopes: ['api://notes/.default'],
      apiScopes: ['https://graph.microsoft.com/User.Read'],
    },
    async signIn(url, deviceCode) {
      const browser = new Browser({ ca })
      try {
        if (!deviceCode) return (await browser.signIn(url, alice)).params
        await browser.approveDevice(url, deviceCode, alice)
        return {}
      } finally {
        await browser.close()
      }
    },
  })
  return new Map(results.map((result) => [result.name, result]))
}

async function callsApi(accessToken: unknown): Promise<unknown> {
  const response = await fetch(`${playground.api.url}/notes`, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(response.status).toBe(200)
  return response.json()
}

async function expectSignedIn(result: Record<string, unknown> | undefined): Promise<void> {
  expect(result).toMatchObject({
    homeAccountId: alice.homeAccountId,
    username: alice.username,
    tenantId: contoso.id,
    scopes: expect.arrayContaining(['api://notes/Notes.Read']),
    cached: true,
    refreshed: true,
  })
  expect(await callsApi(result?.accessToken)).toMatchObject({ owner: alice.name })
}

/** Signing in without a page of one's own. */
async function expectAccount(result: Record<string, unknown> | undefined): Promise<void> {
  expect(result).toMatchObject({ homeAccountId: alice.homeAccountId, username: alice.username, cached: true })
  expect(await callsApi(result?.accessToken)).toMatchObject({ owner: alice.name })
}

async function expectDelegated(result: Record<string, unknown> | undefined): Promise<void> {
  expect(result).toMatchObject({ username: alice.username, cached: true })
  const claims = decodeJwt(String(result?.accessToken))
  expect(claims).toMatchObject({ aud: 'https://graph.microsoft.com', scp: 'User.Read', azp: playground.provider.clients.api.clientId })
}

async function expectAppToken(result: Record<string, unknown> | undefined, clientId: string): Promise<void> {
  const keys = createRemoteJWKSet(new URL(`${playground.provider.url}/${contoso.id}/discovery/v2.0/keys`))
  const { payload } = await jwtVerify(String(result?.accessToken), keys, { audience: 'api://notes' })
  expect(payload).toMatchObject({ azp: clientId, tid: contoso.id, roles: ['Notes.Read.All'], idtyp: 'app' })
  await callsApi(result?.accessToken)
}

const signIns = [
  'public client at its tenant',
  'public client at common',
  'confidential client with a secret',
  'confidential client with a certificate',
]

describe('MSAL Node', () => {
  test('signs in with PKCE, device code and password, refreshes, acts on behalf, and gets app tokens with secret and certificate', async () => {
    const results = await converse(process.execPath, './peer-msal-node.mjs')
    const { web, webCertificate } = playground.provider.clients
    for (const name of signIns) await expectSignedIn(results.get(name))
    for (const name of signIns) expect(results.get(name)?.nonce).toBe('the-nonce')
    await expectAppToken(results.get('secret'), web.clientId)
    await expectAppToken(results.get('certificate, SHA-256'), webCertificate.clientId)
    await expectAppToken(results.get('certificate, SHA-1'), webCertificate.clientId)
    expect(results.get('secret')?.cached).toBe(true)
    expect(results.get('wrong secret')).toMatchObject({
      errorCode: 'invalid_client',
      errorNo: 7000215,
      correlationId: expect.any(String),
    })
    for (const name of ['device code', 'password']) await expectAccount(results.get(name))
    await expectDelegated(results.get('on behalf of'))
    expect(results.get('wrong password')).toMatchObject({ errorCode: 'invalid_grant', errorNo: 50126 })
    expect(results.get('on behalf of nobody')).toMatchObject({ errorCode: 'invalid_grant', errorNo: 50013 })
  })
})

describe('MSAL Python', () => {
  test.skipIf(lacks('python3-msal', hasPythonMsal))(
    'signs in with PKCE, refreshes and gets app tokens with secret and certificate',
    async () => {
      const results = await converse(python, './peer-msal-python.py')
      const { web, webCertificate } = playground.provider.clients
      for (const name of signIns) await expectSignedIn(results.get(name))
      await expectAppToken(results.get('secret'), web.clientId)
      await expectAppToken(results.get('certificate'), webCertificate.clientId)
      await expectAppToken(results.get('certificate with its chain'), webCertificate.clientId)
      expect(results.get('wrong secret')).toMatchObject({ error: 'invalid_client', errorCodes: [7000215] })
    },
  )
})
