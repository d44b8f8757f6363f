import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from './emulator.ts'
import { completes, moduleOf, rejects } from './runner.ts'
import { Suite, suitePlans } from './suite.ts'

const address = process.env.OIDF_SUITE_URL

describe("S80 the OpenID Foundation's suite", () => {
  if (!address) {
    const why = 'skipped: OIDF_SUITE_URL names no suite'
    console.warn(`${why}; the emulated provider stands in for it`)
    // A skip that everybody sees, even where REQUIRE_ALL=1 forbids others: no machine of the project has the suite.
    for (const { planName, modules } of suitePlans) it.skip(`${planName}, ${modules.length} modules (${why})`, () => {})
    return
  }
  const suite = new Suite(address, process.env.OIDF_SUITE_TOKEN)
  for (const plan of suitePlans) {
    for (const { name } of plan.modules) {
      it(`${plan.planName}: ${name}`, { timeout: 90_000 }, async ({ skip }) => {
        if ((await suite.run(plan, name, await moduleOf(name))) === null) skip('this state of the suite has no such module')
      })
    }
  }
})

/** Speaks the suite's REST API, with emulated providers behind it. It proves how we speak to the suite, not what the suite would find. */
describe("what is said to the suite's REST API", () => {
  const emulators = new Map<string, Emulator>()
  const heard: string[] = []
  let server: Server
  let suite: Suite
  const [basic] = suitePlans as [(typeof suitePlans)[number]]

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://suite')
      const [, , kind, id = ''] = pathname.split('/')
      heard.push(`${request.method} ${pathname} ${request.headers.authorization}`)
      let json: unknown
      if (kind === 'plan')
        json = { id: 'plan', modules: basic.modules.slice(0, 2).map(({ name }) => ({ testModule: name, variant: null })) }
      else if (kind === 'info') {
        const { log, complaints } = emulators.get(id)!
        json = { status: log.length ? 'FINISHED' : 'WAITING', result: complaints.length ? 'FAILED' : 'PASSED' }
      } else {
        const name = id || searchParams.get('test')!
        if (!id) emulators.set(name, await startEmulator(name))
        json = { id: name, exposed: { issuer: emulators.get(name)!.issuer } }
      }
      response.end(JSON.stringify(json))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    suite = new Suite(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, 'the-token')
  })
  afterAll(async () => {
    for (const emulator of emulators.values()) await emulator.close()
    server.closeAllConnections()
    server.close()
  })

  it('makes the plan once, and runs its modules', async () => {
    const [plain, issuer, sub] = basic.modules.map(({ name }) => name) as [string, string, string]
    expect(await suite.run(basic, plain, await moduleOf(plain))).toBe('PASSED')
    expect(await suite.run(basic, issuer, await moduleOf(issuer))).toBe('PASSED')
    expect(await suite.run(basic, sub, await moduleOf(sub))).toBeNull()
    expect(heard.filter((line) => line.startsWith('POST'))).toEqual([
      'POST /api/plan Bearer the-token',
      'POST /api/runner Bearer the-token',
      'POST /api/runner Bearer the-token',
    ])
  })

  it('fails where the module comes off otherwise, or the suite says so', async () => {
    const [{ name }] = basic.modules as [(typeof basic.modules)[number]]
    await expect(suite.run(basic, name, rejects('issuer_mismatch', 'token'))).rejects.toThrow(/issuer_mismatch|completes/)
    const careless = completes(async ({ ask }) => ask('userinfo', 'no-token'))
    await expect(suite.run(basic, name, careless)).rejects.toThrow(`The suite says FAILED of ${name}.`)
  })
})
