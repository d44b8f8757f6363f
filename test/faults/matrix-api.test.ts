import { describe, expect, it } from 'vitest'
import { type AnyAuthError, isAuthError } from '../../src/core/index.ts'
import { validateAccessToken } from '../../src/edge/index.ts'
import { leaks } from '../support/canary.ts'
import { settle, through } from './matrix/cell.ts'
import type { Row } from './matrix/faults.ts'
import { type Endpoint, type FaultyProvider, signed } from './matrix/faulty-provider.ts'
import { stage } from './matrix/stage.ts'

const on = stage()
/** Milliseconds: what one exchange of `validateAccessToken` is given. */
const deadline = 10_000

async function cell(provider: FaultyProvider, endpoint: Endpoint, { play, outcome, except }: Row): Promise<void> {
  const tenant = provider.tenant()
  const now = Math.floor(Date.now() / 1000)
  const authority = `${tenant.authority}/v2.0`
  const token = signed({ iss: authority, aud: 'api://notes', sub: 's', tid: tenant.id, scp: 'Notes.Read', iat: now, exp: now + 3600 })
  const validate = () => validateAccessToken(token, { audience: 'api://notes', authority, scopes: ['Notes.Read'] })
  tenant.fault = { endpoint, play }
  const start = performance.now()
  const settled = await settle(validate)
  expect(performance.now() - start).toBeLessThan(2 * deadline)
  expect(tenant.hits).toContain(endpoint)
  const error = 'error' in settled ? settled.error : undefined
  if (error && !isAuthError(error)) throw error
  expect(error ? (error as AnyAuthError).code : 'ok').toBe(except?.[endpoint] ?? outcome)
  expect(leaks(error, [token, token.split('.')[2]!])).toEqual([])
  tenant.fault = undefined
  expect(await validate()).toMatchObject({ scp: 'Notes.Read' })
}

describe('S69 S72 validateAccessToken against every fault of discovery and of the keys', () => {
  it('S10 S34 S36 S38 S39 S41 S43 rejects as it should, remembers nothing wrong and succeeds afterwards', async () => {
    const cells = on.named.flatMap(([name, index]) => {
      const row = on.row(index)
      return (['discovery', 'keys'] as const).flatMap((endpoint) =>
        !row.only || row.only.includes(endpoint) ? { name, row, endpoint } : [],
      )
    })
    // What never ends is waited for together.
    const [endless, others] = [cells.filter(({ row }) => row.timeout), cells.filter(({ row }) => !row.timeout)]
    const run = (some: typeof cells) =>
      through(
        some,
        ({ name, endpoint }) => `${name}, ${endpoint}`,
        ({ row, endpoint }) => cell(on.provider, endpoint, row),
      )
    const failures = await Promise.all([run(endless), run(others)])
    expect(failures.flat()).toEqual([])
    expect(cells.length).toBeGreaterThan(90)
    on.expectQuiet()
  }, 60_000)
})
