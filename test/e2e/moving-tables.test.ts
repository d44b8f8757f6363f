import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'
import { lacks } from '../support/require.ts'
import { describeTables, typesOf } from './moving-tables.ts'

// Whoever moves over has to find every method and option of theirs: the guides are held against what is installed.
const python = spawnSync('/usr/bin/python3', [fileURLToPath(new URL('./moving-surface.py', import.meta.url))], { encoding: 'utf8' })

describeTables('playground/from-msal-node/README.md', () => typesOf('node_modules/@azure/msal-node/types/index.d.ts'))
describeTables('playground/from-msal-browser/README.md', () => typesOf('node_modules/@azure/msal-browser/types/index.d.ts'))

describe.skipIf(lacks('python3-msal', python.status === 0))('MSAL Python', () => {
  describeTables('playground/from-msal-python/README.md', () => {
    const names: string[] = JSON.parse(python.stdout)
    // What the table of the manual has, the guide refers to.
    const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
    const rows = [...readme.split('<!-- manual -->')[1]!.matchAll(/^\| ([^|]+)/gm)]
    const manual = new Set(rows.flatMap(([, theirs]) => theirs!.match(/\w+/g) ?? []))
    return { exports: names.filter((name) => !manual.has(name)), described: [], membersOf: () => [] }
  })
})
