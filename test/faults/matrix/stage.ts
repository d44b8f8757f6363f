import { afterAll, beforeAll, expect } from 'vitest'
import { type FaultServer, startFaultServer } from '../../support/fault-server.ts'
import { type Row, rows } from './faults.ts'
import { FaultyProvider } from './faulty-provider.ts'

export interface Stage {
  provider: FaultyProvider
  /** Where redirects lead: nobody may come there. */
  canaryHost: FaultServer
  /** The rows by name and index. */
  named: [name: string, index: number][]
  row(index: number): Row
  /** Fails where somebody followed a redirect, or a promise was rejected that nobody heard. */
  expectQuiet(): void
}

/** The servers of a test file of the matrix. */
export function stage(): Stage {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  const it = {
    named: rows('').map(({ name }, index) => [name, index]),
    row: (index) => rows(it.canaryHost.origin)[index]!,
    expectQuiet() {
      expect(it.canaryHost.connections, 'somebody followed a redirect').toBe(0)
      expect(unhandled).toEqual([])
    },
  } as Stage
  beforeAll(async () => {
    process.on('unhandledRejection', note)
    it.provider = await new FaultyProvider().start()
    it.canaryHost = await startFaultServer()
  })
  afterAll(async () => {
    process.off('unhandledRejection', note)
    await Promise.all([it.provider.close(), it.canaryHost.close()])
  })
  return it
}
