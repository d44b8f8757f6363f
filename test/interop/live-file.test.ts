import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeJwt } from 'jose'
import { ConfidentialClientApplication, PublicClientApplication, SerializableTokenCache, TokenCache } from 'msal-isomorphic'
import { fileStore } from 'msal-isomorphic/node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { type Asked, startPeer, type Tokens, type Turn } from './live-file-peer.ts'
import { type CacheFile, twinsIn } from './live-file-twins.ts'

// One cache file, in which MSAL Python, MSAL Node and this library take turns: each signs in and renews what it finds. The provider stands
// for the worldwide cloud, whose hosts are aliases: MSAL Node files its entries under another one than MSAL Python.
const python = '/usr/bin/python3'
const hasPythonMsal = spawnSync(python, ['-c', 'import msal']).status === 0
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const publicUrl = 'https://login.microsoftonline.com'
const { contoso, fabrikam } = tenants
const { alice, gina } = users

let playground: Playground
beforeAll(async () => {
  playground = await startPlayground({ publicUrl, https: false })
})
afterAll(() => playground?.close())

const at = (tenant: { id: string }) => `${publicUrl}/${tenant.id}`
const notes = ['api://notes/Notes.Read']

function asksOf({ native, familyOne, familyTwo, web, daemon }: Playground['provider']['clients']): Asked[] {
  const user = (
    name: string,
    { clientId }: { clientId: string },
    { username }: { username: string },
    tenant = contoso,
    scopes = notes,
  ) => ({
    name,
    clientId,
    authority: at(tenant),
    scopes,
    username,
  })
  const self = (name: string, { clientId, secret }: { clientId: string; secret: string }, tenant = contoso) => ({
    name,
    clientId,
    secret,
    authority: at(tenant),
    scopes: ['api://notes/.default'],
  })
  return [
    user('alice', native, alice),
    user('alice, another API', native, alice, contoso, ['https://graph.microsoft.com/User.Read']),
    user('gina at home', native, gina),
    user('gina as a guest', native, gina, fabrikam),
    user('alice, first of the family', familyOne, alice),
    user('alice, second of the family', familyTwo, alice),
    self('the daemon', daemon),
    self('the daemon elsewhere', daemon, fabrikam),
    self('the web application', web),
  ]
}

/** The sign-ins from which all that is asked can be had: the second of the family lives on the first one's. */
function signInsOf(asks: Asked[]): Asked[] {
  const passwords: Record<string, string> = { [alice.username]: alice.password, [gina.username]: gina.password }
  const named = ['alice', 'gina at home', 'alice, first of the family']
  return asks.filter(({ name }) => named.includes(name)).map((asked) => ({ ...asked, password: passwords[asked.username!]! }))
}

function peer(command: string, file: string, path: string): Turn {
  const { turn, end } = startPeer(command, script(file), { path, publicUrl, localUrl: playground.provider.localUrl })
  onTestFinished(end)
  return turn
}

async function work(asks: Asked[], tokenCache: TokenCache): Promise<Tokens> {
  const tokens: Tokens = {}
  for (const { name, clientId, authority, scopes, username, password, secret } of asks) {
    const fetch: typeof globalThis.fetch = (input, init) =>
      globalThis.fetch(String(input).replace(publicUrl, playground.provider.localUrl), init)
    const options = { clientId, authority, tokenCache, fetch }
    if (secret) {
      const app = new ConfidentialClientApplication({ ...options, clientCredential: secret })
      tokens[name] = (await app.acquireTokenForClient({ scopes })).accessToken
      continue
    }
    const app = new PublicClientApplication(options)
    if (password) {
      tokens[name] = (await app.acquireTokenByUsernamePassword({ username: username!, password, scopes })).accessToken
      continue
    }
    const accounts = await app.getAccounts({ username: username! })
    expect(accounts, name).toHaveLength(1)
    tokens[name] = (await app.acquireTokenSilentWithError({ scopes, account: accounts[0]! }))?.accessToken ?? 'nothing'
  }
  return tokens
}

const ours: Record<string, (path: string) => Turn> = {
  SerializableTokenCache: (path) => async (asks) => {
    const cache = new SerializableTokenCache()
    cache.deserialize(await readFile(path, 'utf8').catch(() => ''))
    const tokens = await work(asks, cache)
    if (cache.hasStateChanged) await writeFile(path, cache.serialize())
    return tokens
  },
  fileStore: (path) => async (asks) => {
    const errors: unknown[] = []
    const tokens = await work(asks, new TokenCache({ store: fileStore(path), onStoreError: (error) => errors.push(error) }))
    expect(errors).toEqual([])
    return tokens
  },
}

const content = async (path: string): Promise<CacheFile> => JSON.parse(await readFile(path, 'utf8'))

/** Ends the life of every access token in the file. */
async function expire(path: string): Promise<void> {
  const file = await content(path)
  const past = String(Math.floor(Date.now() / 1000) - 10)
  for (const token of Object.values(file.AccessToken ?? {})) Object.assign(token, { expires_on: past, extended_expires_on: past })
  await writeFile(path, JSON.stringify(file))
}

/** Each token is for whom it was asked for. */
function expectServed(tokens: Tokens, asks: Asked[], by: string): void {
  for (const { name: asked, clientId, authority, username } of asks) {
    const name = `${asked}, by ${by}`
    expect(tokens[asked], name).toMatch(/^ey/)
    const { azp, tid, preferred_username: user, idtyp } = decodeJwt(tokens[asked]!)
    expect([azp, tid, user ?? idtyp], name).toEqual([clientId, authority.split('/').at(-1), username ?? 'app'])
  }
}

describe.skipIf(lacks('python3-msal', hasPythonMsal)).each(Object.keys(ours))('one live file, and ours by %s', (kind) => {
  test.each([
    [['ours']],
    [['MSAL Python']],
    [['MSAL Node']],
    [['ours', 'MSAL Python', 'MSAL Node']],
    [['MSAL Node', 'MSAL Python', 'ours']],
  ])('S48 signed in by %j: all go on, and after our turn there is one of each', { timeout: 60_000 }, async (signers) => {
    const folder = await mkdtemp(join(tmpdir(), 'live-file-'))
    const path = join(folder, 'cache.json')
    const turns: Record<string, Turn> = {
      ours: ours[kind]!(path),
      'MSAL Python': peer(python, './live-file-python.py', path),
      'MSAL Node': peer(process.execPath, './live-file-node.mjs', path),
    }
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const asks = asksOf(playground.provider.clients)
    const signIns = signInsOf(asks)
    for (const signer of signers) expectServed(await turns[signer]!(signIns), signIns, signer)
    const secrets = new Set<string>()
    for (const name of ['ours', 'MSAL Python', 'ours', 'MSAL Node', 'ours', 'MSAL Node', 'ours', 'MSAL Python', 'ours']) {
      await expire(path)
      // MSAL Node finds a family's refresh token only where its own client has got it.
      const asked = name === 'MSAL Node' ? asks.filter(({ name }) => !name.includes('second')) : asks
      const tokens = await turns[name]!(asked)
      expectServed(tokens, asked, name)
      // All were got anew.
      for (const token of Object.values(tokens)) expect(secrets.has(token), name).toBe(false)
      for (const token of Object.values(tokens)) secrets.add(token)
      if (name !== 'ours') continue
      const file = await content(path)
      expect(twinsIn(file)).toEqual([])
      // Of alice and gina, and the family's.
      expect(Object.keys(file.RefreshToken!)).toHaveLength(3)
    }
    // What is still good is found without a request.
    const before = playground.provider.requests.length
    expectServed(await turns.ours!(asks), asks, 'ours')
    expect(playground.provider.requests.slice(before)).toEqual([])
    // The refresh tokens that are left are the newest: a provider without grace takes them.
    await expire(path)
    playground.provider.settings.rotationGraceSeconds = 0
    onTestFinished(() => {
      playground.provider.settings.rotationGraceSeconds = Number.POSITIVE_INFINITY
    })
    expectServed(await turns.ours!(asks), asks, 'ours, without grace')
  })
})
