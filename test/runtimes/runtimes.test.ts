import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeProtectedHeader, importX509, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Provider } from '../../playground/provider/index.mjs'
import { emptyFolder, installTarball, packageJson, root } from '../package/support.ts'
import { lacks } from '../support/require.ts'
import { startHelper } from './helper.ts'
import { bundleSuite, type Outcome, placeSuite, runtimes } from './hosts.ts'
import { checks, lastCheck } from './suite/index.js'
import { tableIn, tableOf, withoutVersions } from './table.mjs'

// One suite, unchanged, in every runtime: on the packed tarball as it installs, against a provider of its own, over HTTP.
const names = [...Object.keys(checks), lastCheck]
const present = new Map(runtimes.map(({ name, present }) => [name, !lacks(name, present)]))

interface Run {
  outcome: Outcome
  packages: string[]
  provider: Provider
}
const runs = new Map<string, Promise<Run>>()
const cleanups: (() => Promise<void>)[] = []

beforeAll(async () => {
  const folder = await emptyFolder((clean) => cleanups.push(clean))
  await installTarball(folder)
  await placeSuite(folder)
  for (const runtime of runtimes) {
    if (!present.get(runtime.name)) continue
    const run = runIn(runtime, folder)
    run.catch(() => {})
    runs.set(runtime.name, run)
  }
  await Promise.allSettled(runs.values())
}, 180_000)
afterAll(async () => {
  for (const clean of cleanups) await clean()
})

async function runIn({ name, files, bundle, run }: (typeof runtimes)[number], folder: string): Promise<Run> {
  const { script = '', packages = [] } = bundle ? await bundleSuite(folder, name, bundle) : {}
  const { url, playground, close } = await startHelper({ files, script: script && (await readFile(script, 'utf8')) })
  try {
    return { outcome: await run({ folder, script, helperUrl: url }), packages, provider: playground.provider }
  } finally {
    await close()
  }
}

/** Verifies what the provider took with another implementation. Resolves to how many client assertions there were, and how signed. */
async function verifyAssertions({ clients, requests, url }: Provider): Promise<{ count: number; algorithms: string[] }> {
  const { certificate, clientId } = clients.webCertificate
  const identifiers = new Set<string>()
  const algorithms = new Set<string>()
  for (const { path, parameters } of requests) {
    const assertion = String(parameters.client_assertion ?? '')
    if (!assertion) continue
    const alg = decodeProtectedHeader(assertion).alg!
    const expected = { issuer: clientId, subject: clientId, audience: url + path, requiredClaims: ['jti', 'exp', 'iat'] }
    const { payload } = await jwtVerify(assertion, await importX509(certificate, alg), expected)
    identifiers.add(payload.jti!)
    algorithms.add(alg)
  }
  return { count: identifiers.size, algorithms: [...algorithms].sort() }
}

for (const { name: runtime, bundle } of runtimes) {
  describe.skipIf(!present.get(runtime))(runtime, () => {
    test.each(names)('%s', async (name) => {
      const { outcome } = await runs.get(runtime)!
      const result = outcome.results.find((result) => result.name === name)
      expect(result, 'the check ran').toBeDefined()
      expect(result?.error).toBeUndefined()
    })

    test('jose verifies every client assertion that the provider took', async () => {
      const { provider } = await runs.get(runtime)!
      expect(await verifyAssertions(provider)).toEqual({ count: 6, algorithms: ['PS256', 'RS256'] })
    })

    if (!bundle) return
    test('nothing but the package and what it depends on was there', async () => {
      const { outcome, packages } = await runs.get(runtime)!
      expect(packages).toContain(packageJson.name)
      expect([packageJson.name, ...Object.keys(packageJson.dependencies)]).toEqual(expect.arrayContaining(packages))
      expect(outcome.globals).toEqual({ process: 'undefined', Buffer: 'undefined' })
    })
  })
}

test.skipIf([...present.values()].includes(false))('the README’s table is that of this run', async () => {
  const rows = await Promise.all(
    runtimes.map(async ({ name, how }) => {
      const { version, results } = (await runs.get(name)!).outcome
      return { name, how, version, passed: results.filter(({ error }) => !error).length, checks: names.length }
    }),
  )
  await mkdir(join(root, '.tools'), { recursive: true })
  await writeFile(join(root, '.tools', 'runtimes.json'), JSON.stringify(rows, null, 2))
  expect(rows.filter(({ passed, checks }) => passed < checks)).toEqual([])
  const table = tableIn(await readFile(join(root, 'README.md'), 'utf8'))
  expect(withoutVersions(table)).toBe(withoutVersions(tableOf(rows)))
})
