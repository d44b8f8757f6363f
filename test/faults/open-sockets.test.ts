import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createSend } from '../../src/core/http/http-client.ts'
import { ConfidentialClientApplication, PublicClientApplication } from '../../src/core/index.ts'
import { errorOf } from '../core/client/support.ts'
import { type FaultServer, moods, refusing, startFaultServer } from '../support/fault-server.ts'

/** Bodies that are read, and such as are given up: before the first byte, in the middle, and after what nobody wants. */
const bodies = ['html', 'ok', 'no-content', 'bad-utf8', 'cut-utf8', 'truncate', 'truncate-chunked', 'rst-body', 'huge', 'huge-length']
const statuses = [400, 429, 500]
/** As many as are under way at once: so many connections an agent that keeps them has good reason to keep. */
const lanes = 10

let server: FaultServer
/** What the token endpoint answers with: in turns, every body with every status. */
let turn = 0
beforeAll(async () => {
  const document = () => ({
    issuer: `${server.origin}/tenant/v2.0`,
    authorization_endpoint: `${server.origin}/authorize`,
    token_endpoint: `${server.origin}/token`,
  })
  server = await startFaultServer({
    'openid-configuration': (response) => response.end(JSON.stringify(document())),
    token(response, query) {
      const mood = bodies[turn % bodies.length]!
      const status = statuses[Math.floor(turn++ / bodies.length) % statuses.length]!
      if (mood === 'no-content') moods.status!(response, new URLSearchParams({ status: String(status) }))
      else refusing(mood, status, { 'retry-after': '0' })(response, query)
    },
  })
})
afterAll(() => server?.close())

async function inLanes(requests: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const indices = Array(requests).keys()
  const lane = async () => {
    for (const index of indices) await work(index)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** No more is open than a keep-alive agent holds, and nothing is under way. */
async function expectQuiet(): Promise<void> {
  await vi.waitFor(() => expect([server.pending, server.open <= lanes]).toEqual([0, true]), { timeout: 5000, interval: 20 })
  // And nothing is opened again.
  const { connections } = server
  await sleep(50)
  expect([server.pending, server.connections - connections]).toEqual([0, 0])
}

it('S78 no socket is left open by 500 error bodies, read or not', async () => {
  const send = createSend()
  const outcomes = new Map<string, number>()
  await inLanes(500, async () => {
    const outcome = await send({ method: 'POST', url: server.url('token'), body: 'a=b', timeout: 20_000 }).then(
      ({ status }) => String(status),
      ({ code }: { code: string }) => code,
    )
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  })
  expect(turn).toBe(500)
  expect([...outcomes.keys()].sort()).toEqual(['400', '429', '500', 'bad_response', 'too_large'])
  await expectQuiet()
}, 30_000)

it('S78 nor by 150 calls that they fail', async () => {
  turn = 0
  const options = { clientId: 'a-client', authority: `${server.origin}/tenant`, instanceDiscovery: false } as const
  const daemon = new ConfidentialClientApplication({ ...options, clientCredential: 'a-secret' })
  const person = new PublicClientApplication(options)
  await inLanes(150, async (index) => {
    // Each asks for something else: what has been refused is not asked for again.
    const scopes = [`api://${index}/.default`]
    const call =
      index % 2 ? daemon.acquireTokenForClient({ scopes }) : person.acquireTokenByRefreshToken({ refreshToken: `rt-${index}`, scopes })
    expect((await errorOf(call)).code).toMatch(/^(bad_response|too_large|throttled|server_unavailable)$/)
  })
  expect(turn).toBe(150)
  await expectQuiet()
}, 30_000)
