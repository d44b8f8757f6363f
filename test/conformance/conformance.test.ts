import { readdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startEmulator } from './emulator.ts'
import { misbehaving, shortName } from './misbehaviours.ts'
import { authenticationOf, inScope, modules } from './modules.ts'
import { moduleOf, run } from './runner.ts'

const folder = new URL('modules/', import.meta.url)

/** The suite's plan for form_post has the modules of the basic plan too. */
const runs = [
  ...inScope.map((entry) => ({ ...entry, responseMode: undefined })),
  ...inScope
    .filter(({ plan }) => plan === 'basic')
    .map((entry) => ({ ...entry, plan: 'form post' as const, responseMode: 'form_post' as const })),
]

describe('S80 the emulated provider', () => {
  for (const { plan, name, responseMode } of runs) {
    it(`${plan}: ${name}`, async () => {
      const emulator = await startEmulator(name)
      try {
        await run(await moduleOf(name), { issuer: emulator.issuer, authentication: authenticationOf(plan), responseMode, emulator })
      } finally {
        await emulator.close()
      }
    })
  }
})

describe('S80 the list of modules', () => {
  it('names each once', () => {
    expect(new Set(modules.map(({ name }) => name)).size).toBe(modules.length)
  })

  it('has all of OpenID Connect, and a reason wherever one is not run', () => {
    // Three of ours are not among the 57.
    expect(modules.filter(({ name }) => name.startsWith('oidcc-')).length).toBe(57 + 3)
    for (const { outOfScope } of modules) expect(outOfScope ?? 'a sentence that says why.').toMatch(/^.{20,}\.$/)
  })

  it('has a file for each that is in scope, and for no other', async () => {
    const files = (await readdir(folder)).sort()
    expect(files).toEqual(inScope.map(({ name }) => `${name}.ts`).sort())
  })

  it('says of each that is in scope how its provider misbehaves, and of no other', () => {
    expect([...misbehaving].sort()).toEqual([...new Set(inScope.map(({ name }) => shortName(name)))].sort())
  })

  it('is the table of the README', async () => {
    const rows = await Promise.all(
      modules.map(async ({ name, plan, outOfScope }) => {
        const { outcome = '', last = '' } = outOfScope ? {} : await moduleOf(name)
        return `| ${plan} | \`${name}\` | ${outOfScope ?? `\`${outcome}\`${last && `, after ${last}`}`} |`
      }),
    )
    const readme = new URL('README.md', import.meta.url)
    const text = await readFile(readme, 'utf8')
    const head = '|---|---|---|\n'
    const table = `${head}${rows.join('\n')}\n`
    if (process.env.FILL) await writeFile(readme, text.slice(0, text.indexOf(head)) + table)
    else expect(text.slice(text.indexOf(head))).toBe(table)
  })
})
