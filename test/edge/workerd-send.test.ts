import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultServer, startFaultServer } from '../support/fault-server.ts'
import { bundleWorker, startWorkerd, workerOf } from './workerd-support.ts'

let server: FaultServer
let contents: string
beforeAll(async () => {
  server = await startFaultServer()
  contents = await bundleWorker('send')
})
afterAll(() => server?.close())

// Before the second date workerd throws on the field, as it always does on others.
it.each([
  ['2024-01-01', null],
  ['2026-04-01', 'no-store'],
])('S35 workerd of %s is told to cache no token where it knows the field: %s', async (compatibilityDate, cache) => {
  const workerd = await startWorkerd(workerOf('send', contents, { compatibilityDate }))
  try {
    const worker = (await workerd.getWorker('send')) as unknown as { fetch: typeof fetch }
    const send = async (order: object) => (await worker.fetch('http://worker/', { method: 'POST', body: JSON.stringify(order) })).json()
    const common = { url: server.url('ok'), timeout: 5000 }
    const answer = { status: 200, body: expect.stringContaining('access_token') }
    expect(await send({ ...common, method: 'POST', body: 'a=b' })).toMatchObject({ ...answer, cache })
    expect(await send({ ...common, method: 'GET', noStore: true })).toMatchObject({ ...answer, cache })
    const plain = (await send({ ...common, method: 'GET' })) as { fields: string[] }
    expect(plain).toMatchObject({ ...answer, cache: null })
    expect(plain.fields).not.toContain('cache')
  } finally {
    await workerd.dispose()
  }
})
