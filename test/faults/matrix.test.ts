import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FaultServer, startFaultServer } from '../support/fault-server.ts'
import { cell, well } from './matrix/cell.ts'
import { rows } from './matrix/faults.ts'
import { FaultyProvider } from './matrix/faulty-provider.ts'
import { methods } from './matrix/methods.ts'

let provider: FaultyProvider
let canaryHost: FaultServer
const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  provider = await new FaultyProvider().start()
  canaryHost = await startFaultServer()
})
afterAll(async () => {
  process.off('unhandledRejection', note)
  await Promise.all([provider.close(), canaryHost.close()])
})

/** So many cells at the same time. */
const breadth = 16

it('S69 S70 S72 every method succeeds where nothing is wrong', async () => {
  for (const method of methods) for (const endpoint of method.endpoints) await well(provider, method, endpoint)
})

describe('S29 S69 S70 S72 every method against every fault', () => {
  it.each(rows('').map(({ name }, index) => [name, index] as const))('%s', async (_, index) => {
    const row = rows(canaryHost.origin)[index]!
    const cells = methods.flatMap((method) => {
      const endpoints = method.endpoints.filter((endpoint) => !row.only || row.only.includes(endpoint))
      return endpoints.map((endpoint) => ({ method, endpoint }))
    })
    const failures: string[] = []
    const queue = cells.values()
    const work = async () => {
      for (const { method, endpoint } of queue) {
        await cell(provider, method, endpoint, row).catch((error) => failures.push(`${method.name}, ${endpoint}: ${error.message}`))
      }
    }
    await Promise.all(Array.from({ length: breadth }, work))
    expect(failures).toEqual([])
    expect(cells.length).toBeGreaterThan(0)
    expect(canaryHost.connections, 'somebody followed a redirect').toBe(0)
    expect(unhandled).toEqual([])
  })
})
