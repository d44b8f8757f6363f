import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Browser, type Playground, startPlayground, users } from '../support/provider.ts'
import { Cli } from './cli.ts'

// Signing in on another device, and the API that calls a second one: neither takes a browser on this machine.
const { alice, bob } = users
let playground: Playground
let cli: Cli

beforeAll(async () => {
  playground = await startPlayground({ https: false, settings: { deviceCodeInterval: 1 } })
})
afterAll(() => playground?.close())
beforeEach(async () => {
  cli = await Cli.of(playground)
})
afterEach(async () => {
  playground.provider.control.clearFaults()
  await cli.remove()
})

async function approve({ uri, code }: { uri: string; code: string }, person = alice): Promise<string> {
  const browser = new Browser()
  try {
    return await browser.approveDevice(uri, code, person)
  } finally {
    await browser.close()
  }
}

async function signIn(args: string[] = [], person = alice) {
  const running = cli.start(['--device', ...args])
  await approve(await running.device, person)
  const run = await running.ended
  await cli.expectDiscreet(run)
  return run
}

test('--device prints a code, waits for the person and keeps the tokens', async () => {
  const first = await signIn()
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(/Signed in +Alice Ahlgren/)
  expect(first.stdout).toContain('Welcome, Alice Ahlgren.')
  const second = await cli.run(['--device'])
  expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/Token +from the cache/) })
  expect(second.stdout).not.toContain('enter the code')
})

test('--device --login signs another person in', async () => {
  await signIn()
  expect(await signIn(['--login'], bob)).toMatchObject({ code: 0, stdout: expect.stringMatching(/Signed in +Bob/) })
  expect(await cli.entries('Account')).toHaveLength(2)
})

test('Ctrl+C ends the wait', async () => {
  const running = cli.start(['--device'])
  await running.device
  running.interrupt()
  expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted.') })
})

test('a busy provider is waited for', async () => {
  const running = cli.start(['--device'])
  const device = await running.device
  playground.provider.control.throttleNext({ seconds: 2 })
  await approve(device)
  expect(await running.ended).toMatchObject({ code: 0 })
})

test('--profile is answered by a second API, which the first one calls on behalf of the person', async () => {
  await signIn()
  const { provider } = playground
  const { code, stdout } = await cli.run(['--profile'])
  expect(code).toBe(0)
  expect(stdout).toContain(`"displayName": "${alice.name}"`)
  expect(stdout).toContain(`"calledBy": "${provider.clients.api.clientId}"`)
  expect(provider.tokenRequests('urn:ietf:params:oauth:grant-type:jwt-bearer')).toHaveLength(1)
})
