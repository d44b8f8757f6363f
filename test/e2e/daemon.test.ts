import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Playground, startPlayground, tenants } from '../support/provider.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { contoso, fabrikam } = tenants
let playground: Playground
let folder: string
let environment: string

beforeAll(async () => {
  playground = await startPlayground({ https: false })
  folder = await mkdtemp(join(tmpdir(), 'msal-daemon-'))
  environment = join(folder, 'environment.json')
  const { url, clients } = playground.provider
  const content = { provider: url, tenants: Object.values(tenants), clients, api: `${playground.api.url}/notes` }
  await writeFile(environment, JSON.stringify(content))
})
afterAll(async () => {
  await playground?.close()
  await rm(folder, { recursive: true, force: true })
})

async function run(args: string[] = []) {
  const child = spawn(process.execPath, ['playground/daemon', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [code] = await once(child, 'close')
  expect(stdout + stderr).not.toMatch(/eyJ[\w-]{8,}|PRIVATE KEY|^\s+at .+:\d+/m)
  return { code, stdout, stderr }
}

test('gets a token with its certificate and calls the API as itself', async () => {
  const before = playground.provider.requests.length
  const { code, stdout, stderr } = await run(['--environment', environment])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`Tenant     Contoso (${contoso.id})`)
  expect(stdout).toContain('the second one from the cache')
  expect(stdout).toContain(`"owner": "${playground.provider.clients.daemonCertificate?.clientId}"`)
  const requests = playground.provider.requests.slice(before)
  const own = requests.slice(0, 2)
  expect(own.map(({ method, grantType, status }) => [method, grantType, status])).toEqual([
    ['GET', undefined, 200],
    ['POST', 'client_credentials', 200],
  ])
  expect(requests[1]?.parameters).toMatchObject({ client_assertion: expect.any(String) })
})

test('works in another tenant', async () => {
  const { code, stdout } = await run(['--environment', environment, '--tenant', fabrikam.domain])
  expect(code).toBe(0)
  expect(stdout).toContain(`"tenant": "${fabrikam.id}"`)
})

test('says what is wrong', async () => {
  expect(await run(['--frobnicate'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: node playground/daemon') })
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--tenant') })
  expect(await run(['--environment', join(folder, 'nothing.json')])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm start'),
  })
  expect(await run(['--environment', environment, '--tenant', 'nobody.example'])).toMatchObject({ code: 2 })
  playground.provider.control.failNext({
    status: 401,
    body: { error: 'invalid_client', error_description: 'AADSTS700027: no', error_codes: [700027] },
  })
  const refused = await run(['--environment', environment])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/AADSTS700027[\s\S]*Correlation id: /) })
})

test('--region detect goes on with the global endpoint where no machine tells of a region', async () => {
  const before = playground.provider.requests.length
  const { code, stderr } = await run(['--environment', environment, '--region', 'detect'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(playground.provider.requests.slice(before).filter(({ grantType }) => grantType === 'client_credentials')).toHaveLength(1)
})

test('--region with a name that the provider does not have says that it cannot be reached', async () => {
  const { code, stdout, stderr } = await run(['--environment', environment, '--region', 'westus2'])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('unreachable')
})
