import { describe, expect, it } from 'vitest'
import { type AnyAuthError, type HttpCache, isAuthError, type LogRecord, SerializableTokenCache } from '../../src/core/index.ts'
import type { ManagedIdentitySource } from '../../src/node/managed-identity/sources.ts'
import { arcFiles, clientOn, machine, resource, sources, variablesFor } from '../node/managed-identity/support.ts'
import { leaks } from '../support/canary.ts'
import { settle, through } from './matrix/cell.ts'
import type { Row } from './matrix/faults.ts'
import type { FaultyProvider } from './matrix/faulty-provider.ts'
import { stage } from './matrix/stage.ts'

const on = stage()

/** The error of a row. To some sources an error is an object, or a text that is not empty: what is neither says nothing, and the status counts. */
function expected(source: ManagedIdentitySource, { name, outcome, except }: Row): string {
  const code = except?.token ?? outcome
  const unspoken = source === 'service_fabric' || (name.endsWith('null') && (source === 'cloud_shell' || source === 'imds'))
  if (code !== 'server_error' || !unspoken) return code
  return /50[03]/.test(name) ? 'server_unavailable' : 'bad_response'
}

async function cell(provider: FaultyProvider, source: ManagedIdentitySource, row: Row): Promise<void> {
  const { play, timeout = 10_000 } = row
  const tenant = provider.tenant()
  const records: LogRecord[] = []
  const kept = new Map<string, string>()
  const httpCache: HttpCache = {
    get: (key) => kept.get(key),
    set: (key, value) => void kept.set(key, value),
    delete: (key) => void kept.delete(key),
  }
  const tokenCache = new SerializableTokenCache()
  const host = machine(variablesFor[source](`${tenant.authority}/msi/token`), arcFiles())
  const client = clientOn(host, { timeout, tokenCache, httpCache, logger: (record) => void records.push(record) })
  const call = () => client.acquireTokenForClient({ resource })
  tenant.fault = { endpoint: 'token', play }
  const settled = await settle(call)
  expect(tenant.hits).toContain('token')
  const error = 'error' in settled ? settled.error : undefined
  if (error && !isAuthError(error)) throw error
  expect(error ? (error as AnyAuthError).code : 'ok').toBe(expected(source, row))
  expect(tokenCache.hasStateChanged).toBe(false)
  expect(leaks(error), 'in the error').toEqual([])
  expect(leaks(client), 'in the client').toEqual([])
  expect(leaks(records), 'in the log').toEqual([])
  expect(leaks([...kept]), 'in the HTTP cache').toEqual([])
  tenant.fault = undefined
  kept.clear()
  expect(await call()).toMatchObject({ tokenSource: 'identity_provider' })
  expect(leaks(records), 'in the log').toEqual([])
}

describe('S69 S70 S72 ManagedIdentityClient against every fault', () => {
  it.each(on.named)(
    '%s',
    async (_, index) => {
      const row = on.row(index)
      if (row.only && !row.only.includes('token')) return
      expect(
        await through(
          sources,
          (source) => source,
          (source) => cell(on.provider, source, row),
        ),
      ).toEqual([])
      on.expectQuiet()
    },
    60_000,
  )
})
