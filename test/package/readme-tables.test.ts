import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readme, section } from './starts-support.ts'
import { packageJson, root } from './support.ts'

const errors = readFileSync(join(root, 'src/core/errors.ts'), 'utf8')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

it('the table of errors has every code, with its class, and what to do', () => {
  const declared = [...errors.matchAll(/^export type (\w+Error)Code =([^;]*?)(?=^\/\*\*|^export)/gm)].flatMap(([, name = '', codes = '']) =>
    [...codes.matchAll(/'(\w+)'/g)].map(
      ([, code = '']) => `${code} ${code === 'interaction_required' ? 'InteractionRequiredAuthError' : name}`,
    ),
  )
  const [, table = ''] = /<!-- errors -->(.*)<!-- \/errors -->/s.exec(readme) ?? []
  const rows = [...table.matchAll(/^\| `(\w+)` \| `(\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)]
  expect(declared.length).toBeGreaterThan(30)
  expect(rows.map(([, code, name]) => `${code} ${name}`).sort()).toEqual(declared.sort())
})

it('the table of dependencies has those of the package', () => {
  const named = [...section('Speed and size').matchAll(/^\| `([^`]+)`( \(optional peer\))? \|/gm)].map(
    ([, name, peer]) => `${name}${peer ?? ''}`,
  )
  const peers = Object.keys(manifest.peerDependencies).map((name) => `${name} (optional peer)`)
  expect(named.sort()).toEqual([...Object.keys(packageJson.dependencies), ...peers].sort())
})
