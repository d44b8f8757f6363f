import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser, type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { expireTokens } from './moving.ts'

// The guide for moving from MSAL Python: the same script in either language, as its users run it, with one cache file.
const python = '/usr/bin/python3'
const hasPythonMsal = spawnSync(python, ['-c', 'import msal']).status === 0
const root = fileURLToPath(new URL('../../', import.meta.url))
const { contoso } = tenants
const { alice } = users
const programs = {
  before: [python, 'playground/from-msal-python/before.py'],
  after: [process.execPath, 'playground/from-msal-python/after.js'],
} as const
type Version = keyof typeof programs

describe.skipIf(lacks('python3-msal', hasPythonMsal))('the script of the guide', () => {
  let playground: Playground
  let folder: string
  let cacheFile: string

  beforeAll(async () => {
    playground = await startPlayground({ settings: { deviceCodeInterval: 1 } })
  })
  afterAll(() => playground?.close())

  beforeEach(async () => {
    const { provider, api } = playground
    folder = await mkdtemp(join(tmpdir(), 'moving-python-'))
    cacheFile = join(folder, 'tokens.json')
    const { clientId } = provider.clients.native
    const authority = provider.authority(contoso, { https: true })
    const content = {
      clientId,
      authority,
      instanceDiscovery: false,
      scopes: ['api://notes/Notes.Read'],
      api: `${api.url}/notes`,
      cacheFile,
    }
    await writeFile(join(folder, 'settings.json'), JSON.stringify(content))
    await writeFile(join(folder, 'ca.pem'), provider.ca!)
    return () => rm(folder, { recursive: true, force: true })
  })

  /** Runs the script; a person types the code where it shows one. Resolves to its last line, and to what it asked the provider for. */
  async function run(version: Version, ...words: string[]) {
    const ca = join(folder, 'ca.pem')
    const env = { PATH: process.env.PATH, HOME: folder, NO_PROXY: 'localhost', REQUESTS_CA_BUNDLE: ca, NODE_EXTRA_CA_CERTS: ca }
    const [command, script] = programs[version]
    playground.provider.requests.length = 0
    const child = spawn(command, [script, join(folder, 'settings.json'), ...words], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.stdout.on('data', (chunk) => {
      stdout += chunk
      const [, uri, code] = /(https:\S+).* ([A-Z0-9-]{8,})/.exec(String(chunk)) ?? []
      if (uri && code) approve(uri, code).catch(() => child.kill())
    })
    const [status] = await once(child, 'close')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const last = stdout.trim().split('\n').at(-1)
    return { asked: stdout.includes('enter the code'), answer: last ? JSON.parse(last) : undefined, grants: grants() }
  }

  async function approve(uri: string, code: string) {
    const browser = new Browser({ ca: playground.provider.ca! })
    await browser.approveDevice(uri, code, alice)
    await browser.close()
  }

  /** What tokens were asked for; while a person types, the code is asked for several times. */
  const grants = () => [...new Set(playground.provider.tokenRequests().map(({ grantType }) => grantType))]
  const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
  const signedIn = { asked: true, answer: { owner: alice.name }, grants: [deviceCode] }
  const fromCache = { asked: false, answer: { owner: alice.name }, grants: [] }
  const refreshed = { asked: false, answer: { owner: alice.name }, grants: ['refresh_token'] }

  /** All that the script does, from signing in to signing out. */
  test.each(['before', 'after'] as const)('%s: asks once, then answers from the file, until the person signs out', async (version) => {
    expect(await run(version)).toMatchObject(signedIn)
    expect((await stat(cacheFile)).mode & 0o777).toBe(0o600)
    expect(await run(version)).toMatchObject(fromCache)
    await expireTokens(cacheFile)
    expect(await run(version)).toMatchObject(refreshed)
    await run(version, 'sign-out')
    const { Account, RefreshToken, AccessToken } = JSON.parse(await readFile(cacheFile, 'utf8'))
    expect([Account, RefreshToken, AccessToken].map((section) => Object.keys(section ?? {}))).toEqual([[], [], []])
  })

  test.each([
    ['before', 'after'],
    ['after', 'before'],
  ] as const)('signed in %s, still signed in %s', async (first, second) => {
    expect(existsSync(cacheFile)).toBe(false)
    expect(await run(first)).toMatchObject(signedIn)
    expect(await run(second)).toMatchObject(fromCache)
    await expireTokens(cacheFile)
    expect(await run(second)).toMatchObject(refreshed)
    expect(await run(first)).toMatchObject(fromCache)
  })
})
