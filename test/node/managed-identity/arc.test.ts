import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canary } from '../../support/canary.ts'
import { type FaultServer, startFaultServer } from '../../support/fault-server.ts'
import { clientOn, failure, key, machine, resource, token, variablesFor } from './support.ts'

let server: FaultServer
let root: string
let challenge: string | undefined
beforeEach(async () => {
  challenge = 'Basic realm=/var/opt/azcmagent/tokens/one.key'
  root = await mkdtemp(join(tmpdir(), 'arc-'))
  await mkdir(join(root, 'tokens'))
  await writeFile(join(root, 'tokens', 'one.key'), `${key}\n`)
  server = await startFaultServer({
    token(response) {
      if (server.hits.at(-1)!.headers.authorization === `Basic ${key}`) response.writeHead(200).end(JSON.stringify(token()))
      else response.writeHead(401, { ...(challenge !== undefined && { 'www-authenticate': challenge }) }).end('{"error":"unauthorized"}')
    },
  })
})
afterEach(async () => {
  await server.close()
  await rm(root, { recursive: true, force: true })
})

const folders: Record<string, string> = { linux: '/var/opt/azcmagent/tokens/', win32: 'D:\\Data\\AzureConnectedMachineAgent\\Tokens\\' }
let opened: string[] = []

/** A machine whose folder of keys is a real one of ours. */
function place(platform = 'linux', variables: Record<string, string> = { ProgramData: 'D:\\Data' }, mood = 'token') {
  opened = []
  const folder = folders[platform] ?? ''
  const real = (path: string) => {
    opened.push(path)
    return path.startsWith(folder) ? join(root, 'tokens', path.slice(folder.length)) : path
  }
  return machine(
    { ...variablesFor.azure_arc(server.url(mood)), ...variables },
    {
      platform,
      fs: { lstat: (path) => lstat(real(path)), readFile: (path) => readFile(real(path), 'utf8') },
    },
  )
}
const ask = (on = place()) => clientOn(on).acquireTokenForClient({ resource })

describe('the key of Azure Arc', () => {
  it.each(['linux', 'win32'])('is read from the known folder on %s', async (platform) => {
    expect(await ask(place(platform))).toMatchObject({ accessToken: 'at' })
    expect(opened).toEqual([`${folders[platform]}one.key`, `${folders[platform]}one.key`])
    expect(server.hits.map(({ headers }) => headers.authorization)).toEqual([undefined, `Basic ${key}`])
  })

  it.each([
    'Basic realm=one.key',
    'basic realm="/var/opt/azcmagent/tokens/one.key"',
    'BASIC  realm=C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\one.key',
    // Folders do not count: these name the same file.
    'Basic realm=../../../one.key',
    'Basic realm=/etc/one.key',
    'Basic realm=\\\\evil.example\\share\\one.key',
  ])('is named by %s', async (text) => {
    challenge = text
    expect(await ask()).toMatchObject({ accessToken: 'at' })
    expect(opened[0]).toBe('/var/opt/azcmagent/tokens/one.key')
  })

  it.each([
    undefined,
    '',
    'Basic',
    'Basic realm=',
    'Basic realm=""',
    'Bearer realm=/var/opt/azcmagent/tokens/one.key',
    'Basic realm=/a=b/one.key',
    'Basic realm="/x/one.key',
    'Basic realm="one.key" x',
    'Basic realm=one.key, realm=two.key',
    'Basic realm=one.txt',
    'Basic realm=one.key.txt',
    'Basic realm=one',
    'Basic realm=/etc/shadow',
    'Basic realm=..',
    'Basic realm=.key',
    'Basic realm=/x/..key',
    'Basic realm=one.key/',
    'Basic realm=one.key:stream',
    'Basic realm=one.key:s.key',
    'Basic realm=on%2fe.key',
    'Basic realm=*.key',
    'Basic realm=one .key',
    'Basic x realm=one.key',
  ])('is not named by %j', async (text) => {
    challenge = text
    expect(await failure(ask())).toMatchObject({ name: 'NetworkError', code: 'bad_response', status: 401 })
    expect(opened).toEqual([])
    expect(server.hits).toHaveLength(1)
  })

  it.each<[string, string | Buffer, boolean]>([
    ['as large as may be', key.padEnd(4096, 'x'), true],
    ['too large', key.padEnd(4097, 'x'), false],
    ['too large for its white space', key.padEnd(4097, ' '), false],
    ['empty', '', false],
    ['blank', ' \n', false],
    ['of two lines', `${key}\nHost: evil.example`, false],
    ['binary', Buffer.from([0xff, 0, 1]), false],
  ])('whose file is %s', async (_, content, good) => {
    await writeFile(join(root, 'tokens', 'one.key'), content)
    const error = await failure(ask())
    // The server knows another key: it answers the one that was sent.
    expect(error).toMatchObject(good ? { name: 'ServerError', error: 'invalid_request' } : { code: 'credential_invalid' })
    expect(server.hits).toHaveLength(good ? 2 : 1)
  })

  it('is not read at all where it is too large, and not sent where it has grown meanwhile', async () => {
    await writeFile(join(root, 'tokens', 'one.key'), key.padEnd(4097, 'x'))
    await failure(ask())
    expect(opened).toHaveLength(1)
    const on = place()
    const grown = { ...on.fs, lstat: async () => ({ isFile: () => true, size: 10 }) }
    expect(await failure(ask({ ...on, fs: grown }))).toMatchObject({ code: 'credential_invalid' })
    expect(server.hits).toHaveLength(2)
  })

  it.each([
    ['503', { code: 'server_unavailable', status: 503 }],
    ['429', { code: 'throttled', retryAfter: 7000 }],
    ['403', { code: 'server_error', error: 'invalid_request', status: 403 }],
    // Whoever asks for it has to refuse first.
    ['200', { code: 'bad_response', status: 200 }],
  ])('is not offered to an agent that answers %s', async (status, error) => {
    const on = place()
    const variables = variablesFor.azure_arc(
      server.url('status', { status, body: '{}', 'www-authenticate': challenge!, ...(status === '429' && { 'retry-after': '7' }) }),
    )
    expect(await failure(ask({ ...on, env: (name) => variables[name] }))).toMatchObject(error)
    expect(opened).toEqual([])
    expect(server.hits).toHaveLength(1)
  })

  it('S69 is not a file elsewhere that a link leads to', async () => {
    await writeFile(join(root, 'secret'), canary('other-file'))
    await symlink(join(root, 'secret'), join(root, 'tokens', 'link.key'))
    challenge = 'Basic realm=/var/opt/azcmagent/tokens/link.key'
    expect(await failure(ask())).toMatchObject({ code: 'credential_invalid' })
    expect(server.hits).toHaveLength(1)
  })

  it('is not a folder', async () => {
    await mkdir(join(root, 'tokens', 'folder.key'))
    challenge = 'Basic realm=folder.key'
    expect(await failure(ask())).toMatchObject({ code: 'credential_invalid' })
  })

  it('that cannot be read says why', async () => {
    challenge = 'Basic realm=missing.key'
    const error = await failure(ask())
    expect(error).toMatchObject({ name: 'ClientConfigurationError', code: 'credential_invalid' })
    expect((error.cause as Error).message).toBe('ENOENT')
  })

  it.each([
    ['darwin', { ProgramData: 'D:\\Data' }],
    ['freebsd', {}],
    ['win32', {}],
  ])('is not looked for on %s with %j', async (platform, variables) => {
    expect(await failure(ask(place(platform, variables)))).toMatchObject({ code: 'environment_unsupported' })
    expect(server.hits).toHaveLength(0)
  })

  it('is not offered to whoever gives a token without asking for it', async () => {
    expect(await failure(ask(place('linux', {}, 'ok')))).toMatchObject({ code: 'bad_response', status: 200 })
    expect(opened).toEqual([])
  })

  it('is read once more for the next token', async () => {
    const client = clientOn(place())
    await client.acquireTokenForClient({ resource })
    await client.acquireTokenForClient({ resource: 'other' })
    expect(opened.map((path) => basename(path))).toEqual(['one.key', 'one.key', 'one.key', 'one.key'])
  })
})
