import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { type Import, importsOf } from './imports.ts'
import { root, sourceFiles } from './support.ts'

/** Everyone may import these; they themselves import nothing but types. */
const leaves = ['errors', 'options', 'ports', 'types', 'platform']

/** What each folder of the core may import besides itself and the leaves. */
const mayImport: Record<string, readonly string[]> = {
  util: [],
  http: ['util'],
  oauth: ['util', 'http'],
  authority: ['util', 'http', 'oauth'],
  cache: ['util', 'oauth', 'authority'],
  grants: ['util', 'http', 'oauth', 'authority'],
  client: ['util', 'http', 'oauth', 'authority', 'cache', 'grants'],
  index: ['authority', 'cache', 'client', 'oauth'],
}

/** The packages that each folder under `src` may use, and how. */
const packages: Record<string, Record<string, readonly Import['kind'][]>> = {
  core: { jose: ['static'], '@rgrove/parse-xml': ['static', 'lazy'] },
  browser: { 'idb-keyval': ['static', 'lazy'] },
  node: { undici: ['lazy', 'types'], node: ['lazy', 'types'] },
  edge: { jose: ['static', 'lazy'] },
  redis: {},
  azure: {},
  testing: {},
}

const files = sourceFiles('src')
const imports = files.flatMap(importsOf)
const inRepository = imports.filter(({ to }) => to.startsWith('src/'))
const line = ({ from, to, kind }: Import) => `${from} -> ${to} (${kind})`

/** `core`, `node`, … */
const platformOf = (file: string) => file.split('/')[1]!
/** The folder within the core, or the file's name for one at its top. */
const layerOf = (file: string) => file.split('/')[2]!.replace(/\.ts$/, '')

describe('import directions', () => {
  it('were read from files that exist', () => {
    expect(imports.length).toBeGreaterThan(100)
    expect(inRepository.filter(({ to }) => !files.includes(to)).map(line)).toEqual([])
  })

  it('S77 lead downwards inside the core', () => {
    const wrong = inRepository
      .filter(({ from }) => platformOf(from) === 'core')
      .filter(({ from, to, kind }) => {
        const [here, there] = [layerOf(from), layerOf(to)]
        if (platformOf(to) !== 'core') return true
        if (leaves.includes(here)) return kind !== 'types'
        return !(here === there || leaves.includes(there) || mayImport[here]?.includes(there))
      })
    expect(wrong.map(line)).toEqual([])
  })

  it('know every folder of the core', () => {
    const known = [...leaves, ...Object.keys(mayImport)]
    expect([...new Set(files.filter((file) => platformOf(file) === 'core').map(layerOf))].filter((name) => !known.includes(name))).toEqual(
      [],
    )
  })

  it('lead from an adapter to itself and to the core, nowhere else', () => {
    const wrong = inRepository.filter(
      ({ from, to }) => platformOf(from) !== 'core' && platformOf(from) !== platformOf(to) && platformOf(to) !== 'core',
    )
    expect(wrong.map(line)).toEqual([])
  })

  it('S77 lead to known packages only, and to those of one platform lazily', () => {
    const wrong = imports.filter(({ from, to, kind }) => {
      if (to.startsWith('src/')) return false
      const allowed = packages[platformOf(from)]?.[to.startsWith('node:') ? 'node' : to]
      return !allowed?.includes(kind)
    })
    expect(wrong.map(line)).toEqual([])
  })

  it('lead from the core to a package through one small file each, which is reached lazily', () => {
    const users = imports.filter(({ from, to }) => !to.startsWith('src/') && platformOf(from) === 'core')
    const names = users.map(({ to }) => to)
    expect(names).toContain('jose')
    expect(names.length).toBe(new Set(names).size)
    const first = reachable('src/core/index.ts')
    expect(users.filter(({ from, kind }) => kind === 'static' && first.has(from)).map(line)).toEqual([])
  })

  it('make no circle of files', () => {
    const circles = files.filter((file) => staticImportsOf(file).some((next) => reachable(next).has(file)))
    expect(circles).toEqual([])
  })

  it('lead from the programs to the package by its name', () => {
    const programs = sourceFiles('test/interop').flatMap(importsOf)
    expect(programs.filter(({ to }) => to.startsWith('src/')).map(line)).toEqual([])
  })
})

describe('a source file', () => {
  it('has at most 350 lines, and says in its first comment why it has more than 250', () => {
    const wrong = files.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8')
      const lines = text.trimEnd().split('\n').length
      return lines > 350 || (lines > 250 && !/\b(long|lines|one file)\b/i.test(firstComment(text)))
    })
    expect(wrong).toEqual([])
  })

  it('re-exports and does nothing else where it is an index', () => {
    const wrong = files
      .filter((file) => file.endsWith('/index.ts'))
      .filter((file) => {
        const { statements } = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest)
        return !statements.every((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier)
      })
    expect(wrong).toEqual([])
  })
})

function staticImportsOf(file: string): string[] {
  return inRepository.filter(({ from, kind }) => from === file && kind === 'static').map(({ to }) => to)
}

/** The files that load with a file, itself included. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const next of staticImportsOf(file)) reachable(next, seen)
  return seen
}

function firstComment(text: string): string {
  return /^\s*(\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? ''
}
