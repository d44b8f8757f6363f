import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cli } from './cli.ts'

// What the program says before anybody signs in.
let cli: Cli
beforeEach(async () => {
  cli = await Cli.create()
})
afterEach(() => cli.remove())

const environment = {
  provider: 'http://localhost:1',
  tenants: [],
  clients: { native: { clientId: 'the-client' } },
  scopes: ['api://notes/Notes.Read'],
  api: 'http://localhost:1/notes',
}
const writeEnvironment = (content: unknown) => writeFile(cli.environment, typeof content === 'string' ? content : JSON.stringify(content))

test.each([
  ['an unknown option', ['--frobnicate'], "Unknown option '--frobnicate'"],
  ['a word too many', ['logout'], "Unexpected argument 'logout'"],
  ['an option without its value', ['--tenant='], '--tenant needs a value'],
  ['two actions', ['--login', '--logout'], 'Choose one of --login and --logout'],
])('%s gets the usage', async (_name, args, complaint) => {
  const { code, stdout, stderr } = await cli.run(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(complaint)
  expect(stderr).toContain('Usage: node playground/node-cli')
})

test('--help explains every option', async () => {
  const { code, stdout, stderr } = await cli.run(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const options = 'accounts challenge device environment force login logout no-browser profile step-up tenant user'.split(' ')
  for (const option of options) expect(stdout).toContain(`--${option}`)
})

test('without a playground it says how to start one', async () => {
  const missing = join(cli.home, 'nothing.json')
  const { code, stderr } = await cli.run(['--environment', missing])
  expect(code).toBe(2)
  expect(stderr).toContain(missing)
  expect(stderr).toContain('npm start')
  expect(stderr).toContain('AZURE_CLIENT_ID')
})

test.each([
  ['no JSON', '{'],
  ['another shape', {}],
  ['an empty list', '[]'],
])('an environment file with %s is refused', async (_name, content) => {
  await writeEnvironment(content)
  const { code, stderr } = await cli.run()
  expect(code).toBe(2)
  expect(stderr).toContain('is not what "npm start" writes')
})

test('half of the real service is not enough', async () => {
  for (const env of [{ AZURE_CLIENT_ID: 'the-client' }, { AZURE_TENANT_ID: 'contoso.example' }] as Record<string, string>[]) {
    const { code, stderr } = await cli.run([], { env })
    expect(code).toBe(2)
    expect(stderr).toContain('Set both AZURE_CLIENT_ID and AZURE_TENANT_ID')
  }
})

test('the real service takes the same options, but for those of the playground', async () => {
  const env = { AZURE_CLIENT_ID: 'the-client', AZURE_TENANT_ID: 'contoso.example' }
  expect(await cli.run(['--accounts'], { env })).toMatchObject({ code: 0, stdout: 'Nobody is signed in.\n' })
  const { code, stderr } = await cli.run(['--challenge'], { env })
  expect(code).toBe(2)
  expect(stderr).toContain('are for the playground')
})

test('a broken token cache is named, and a broken HTTP cache is forgotten', async () => {
  await writeEnvironment(environment)
  await mkdir(cli.home, { recursive: true })
  await writeFile(cli.file('http-cache.json'), '{"broken')
  expect(await cli.run(['--accounts'])).toMatchObject({ code: 0 })
  await writeFile(cli.file('token-cache.json'), '[1]')
  const { code, stderr } = await cli.run(['--accounts'])
  expect(code).toBe(2)
  expect(stderr).toContain(`${cli.file('token-cache.json')} is no token cache (cache_invalid)`)
})

test('a file that cannot be read is named', async () => {
  await writeEnvironment(environment)
  await mkdir(cli.file('token-cache.json'), { recursive: true })
  const { code, stderr } = await cli.run(['--accounts'])
  expect(code).toBe(1)
  expect(stderr).toContain(`${cli.file('token-cache.json')} cannot be read (EISDIR)`)
})

test('without a built library it says how to build it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'msal-cli-unbuilt-'))
  const root = fileURLToPath(new URL('../../', import.meta.url))
  await cp(join(root, 'package.json'), join(folder, 'package.json'))
  await cp(join(root, 'playground/node-cli'), join(folder, 'playground/node-cli'), { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, ['playground/node-cli'], { cwd: folder, encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toBe('The library is not built yet. Run "npm ci" once, then "npm run build" or "npm start".\n')
  expect(spawnSync(process.execPath, ['playground/node-cli', '--help'], { cwd: folder }).status).toBe(0)
  await rm(folder, { recursive: true })
})
