import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { root } from './support.ts'

export interface Import {
  /** The importing file, from the root of the repository. */
  from: string
  /** A file of the repository, or the name of a package or of a module of Node's. */
  to: string
  /** `types` leave no trace in the built file; a `lazy` one is loaded when the line runs. */
  kind: 'static' | 'lazy' | 'types'
}

/** All that a file imports and re-exports. */
export function importsOf(file: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, kind: Import['kind']) => {
    if (!specifier) return
    if (!ts.isStringLiteralLike(specifier)) throw new Error(`${file} imports something computed: ${specifier.getText()}`)
    const { text } = specifier
    found.push({ from: file, to: text.startsWith('.') ? posix.join(posix.dirname(file), text) : text, kind })
  }
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'types' : 'static')
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'types' : 'static')
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'types')
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], 'lazy')
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true))
  return found
}
