import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from './support.ts'

/** Every global value that the core uses. All of them are in Node, Deno, Bun, workerd, Vercel's edge runtime and browsers. */
const allowed = [
  // the language
  ...[
    'Array',
    'Boolean',
    'Date',
    'Error',
    'Infinity',
    'JSON',
    'Map',
    'Math',
    'Number',
    'Object',
    'Promise',
    'Reflect',
    'Set',
    'String',
    'Symbol',
  ],
  ...['ArrayBuffer', 'RangeError', 'SyntaxError', 'TypeError', 'Uint8Array', 'WeakMap', 'WeakRef', 'WeakSet'],
  ...['decodeURIComponent', 'encodeURIComponent', 'parseInt', 'undefined'],
  // the web
  ...[
    'AbortController',
    'AbortSignal',
    'FormData',
    'Headers',
    'Request',
    'Response',
    'TextDecoder',
    'TextEncoder',
    'URL',
    'URLSearchParams',
  ],
  ...['CryptoKey', 'atob', 'btoa', 'clearTimeout', 'crypto', 'fetch', 'performance', 'queueMicrotask', 'setTimeout'],
]

/** The one file that looks at the runtime. */
const platform = 'src/core/platform.ts'

describe('the core', () => {
  const uses = globalsOf(sourceFiles('src/core'))

  it('uses no global but those of the language and of the web', () => {
    const wrong = uses.filter(({ name, file }) => !allowed.includes(name) && !(name === 'globalThis' && file === platform))
    expect(wrong.map(({ name, file, line }) => `${name} in ${file}:${line}`)).toEqual([])
  })

  it('is seen to use some', () => {
    const names = new Set(uses.map(({ name }) => name))
    for (const name of ['fetch', 'crypto', 'URL', 'globalThis']) expect(names).toContain(name)
    expect(new Set(uses.filter(({ file }) => file === platform).map(({ name }) => name))).toEqual(new Set(['globalThis', 'undefined']))
  })
})

/** The uses of names that no file of the repository declares. A local variable may be called `document`. */
function globalsOf(names: string[]): { name: string; file: string; line: number }[] {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'src/core/tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(String(diagnostic.messageText))
    },
  })
  const paths = names.map((name) => join(root, name))
  const program = ts.createProgram(paths, { ...config?.options, composite: false, noEmit: true, emitDeclarationOnly: false })
  const checker = program.getTypeChecker()
  const found: { name: string; file: string; line: number }[] = []
  for (const [index, path] of paths.entries()) {
    const source = program.getSourceFile(path)
    if (!source) throw new Error(`Not compiled: ${path}`)
    const visit = (node: ts.Node) => {
      if (isOnlyType(node)) return
      if (ts.isIdentifier(node) && !isProperty(node) && isGlobal(checker, node)) {
        found.push({ name: node.text, file: names[index]!, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return found
}

function isOnlyType(node: ts.Node): boolean {
  if (ts.isHeritageClause(node)) return node.token === ts.SyntaxKind.ImplementsKeyword
  return (
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node))
  )
}

/** Whether an identifier is the name of a property, of whatever object. */
function isProperty(node: ts.Identifier): boolean {
  const { parent } = node
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node) ||
    (ts.isBindingElement(parent) && parent.propertyName === node)
  )
}

/** Whether no file of the repository declares it. What nobody at all declares is a global that the types do not know: `process`, for instance. */
function isGlobal(checker: ts.TypeChecker, node: ts.Identifier): boolean {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node)
  return !symbol?.declarations?.some((declaration) => !/\/lib\.[^/]*\.d\.ts$/.test(declaration.getSourceFile().fileName))
}
