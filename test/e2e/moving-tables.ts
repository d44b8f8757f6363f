import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const pathOf = (name: string) => fileURLToPath(new URL(name, root))
const words = (text: string) => text.match(/\w+/g) ?? []
const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)

/** What a library has for its users: names by the type or class that has them. */
export interface Surface {
  /** All names that can be imported. */
  exports: string[]
  /** Of these, what has to have its members in a table. */
  described: string[]
  membersOf(name: string): string[]
}

/** A heading of the guide that names types in code, and the rows under it. */
interface Section {
  types: string[]
  rows: { names: string[]; here: string }[]
}

function sectionsOf(guide: string): Section[] {
  const parts = guide.split(/^###? /m).slice(1)
  return parts.map((part) => {
    const [heading = '', ...lines] = part.split('\n')
    const cells = lines.filter((line) => line.startsWith('| `')).map((line) => line.replaceAll('\\|', '¦').split('|'))
    return { types: code(heading), rows: cells.map(([, theirs = '', here = '']) => ({ names: code(theirs), here })) }
  })
}

/** Checks that the tables of a guide say of every name what became of it, and that they name nothing that is not there. */
export function describeTables(guide: string, read: () => Surface | Promise<Surface>): void {
  const sections = sectionsOf(readFileSync(pathOf(guide), 'utf8')).filter(({ rows }) => rows.length > 0)
  const ofType = (type: string) => sections.filter(({ types }) => types.includes(type))
  const named = (some: Section[]) => new Set(some.flatMap(({ rows }) => rows.flatMap(({ names }) => names)))

  describe(`the tables of ${guide}`, () => {
    let surface: Surface
    beforeAll(async () => {
      surface = await read()
    })

    it('have a place for everything that can be imported', () => {
      const all = new Set([...named(sections), ...sections.flatMap(({ types }) => types)])
      expect(surface.exports.filter((name) => !all.has(name))).toEqual([])
      expect(surface.described.filter((name) => ofType(name).length === 0)).toEqual([])
    })

    it('name every member, and no other', () => {
      const { exports, membersOf } = surface
      const missing = sections
        .flatMap(({ types }) => types)
        .flatMap((type) => {
          const there = named(ofType(type))
          return membersOf(type)
            .filter((name) => !there.has(name))
            .map((name) => `${type}: ${name}`)
        })
      expect(missing).toEqual([])
      const strange = sections.flatMap((section) => {
        const members = new Set(section.types.flatMap(membersOf))
        return [...named([section])].filter((name) => !members.has(name) && (section.types.length > 0 || !exports.includes(name)))
      })
      expect(strange).toEqual([])
    })

    it('say something of each, in names that this library has', () => {
      const declared = ourNames()
      const rows = sections.flatMap(({ rows }) => rows)
      expect(rows.filter(({ here }) => !here.trim())).toEqual([])
      const unknown = rows.flatMap(({ names, here }) => {
        // What is quoted, or a name of the protocol, is not of this library.
        const ours = code(here).filter((text) => !/^[a-z]+_[a-z_]+$|^'/.test(text))
        return ours
          .flatMap(words)
          .filter((name) => !declared.has(name))
          .map((name) => `${names}: ${name}`)
      })
      expect(unknown).toEqual([])
    })
  })
}

/** The names in the declarations of this package, without comments, and those of the platform that the guides speak of. */
function ourNames(): Set<string> {
  const entries = ['types', 'node', 'browser', 'redis', 'azure', 'testing'].map((name) => pathOf(`dist/${name}.d.ts`))
  const text = entries.map((file) => readFileSync(file, 'utf8')).join('\n')
  const platform =
    'AbortSignal timeout randomUUID crypto subtle digest find package json msal isomorphic null true false new const await app'
  return new Set([...words(text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '')), ...words(platform)])
}

/** Reads the declarations of an installed package: public members only, and none that come with JavaScript. */
export function typesOf(file: string): Surface {
  if (!existsSync(pathOf(file))) throw new Error(`There is no ${file}.`)
  const program = ts.createProgram([pathOf(file)], {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    // Enough for Partial, Omit and their like.
    lib: ['lib.es5.d.ts'],
    types: [],
  })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(pathOf(file))!)!
  const exported = new Map(
    checker
      .getExportsOfModule(module)
      .map((symbol) => [symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol]),
  )
  const names = new Set(exported.values())

  const isPublic = (symbol: ts.Symbol) =>
    (symbol.declarations ?? []).every(
      (declaration) =>
        !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) &&
        /[\\/]@azure[\\/]/.test(declaration.getSourceFile().fileName),
    ) &&
    !symbol.name.startsWith('#') &&
    !symbol.getJsDocTags(checker).some(({ name }) => name === 'internal')
  const propertiesOf = (type: ts.Type) => checker.getPropertiesOfType(type).filter(isPublic)

  /** The options in an object that has no name of its own to be found under, such as a certificate's. */
  function optionsIn(property: ts.Symbol): string[] {
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(property))
    const isOwn = !(type.flags & ts.TypeFlags.Object) || [type.symbol, type.aliasSymbol].some((symbol) => symbol && names.has(symbol))
    const inner = isOwn || checker.isArrayType(type) || type.getCallSignatures().length ? [] : propertiesOf(type)
    // What has nothing but methods is to be implemented, not to be filled in.
    if (inner.every((option) => checker.getTypeOfSymbol(option).getCallSignatures().length)) return []
    return inner.map(({ name }) => `${property.name}.${name}`)
  }

  function membersOf(name: string): string[] {
    const symbol = exported.get(name)
    if (!symbol) throw new Error(`${name} is not exported.`)
    if (!(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))) return []
    const properties = propertiesOf(checker.getDeclaredTypeOfSymbol(symbol))
    if (!/Configuration$|Options$/.test(name)) return properties.map(({ name }) => name)
    return properties.flatMap((property) => {
      const options = optionsIn(property)
      return options.length ? options : [property.name]
    })
  }

  /** What applications write and read; what is left is for extensions, or is an application's no longer. */
  const isDescribed = (name: string, symbol: ts.Symbol) =>
    (symbol.flags & ts.SymbolFlags.Class && /Application$|Cache$/.test(name)) ||
    (/^(?!Network|Navigation|SignedHttp|LoadToken|BrowserConfiguration)[A-Z]/.test(name) &&
      /(Configuration|Options|Request|RequestParams|IdParams|AuthenticationResult|AccountInfo)$/.test(name))
  return {
    exports: [...exported.keys()],
    described: [...exported].filter(([name, symbol]) => isDescribed(name, symbol)).map(([name]) => name),
    membersOf,
  }
}
