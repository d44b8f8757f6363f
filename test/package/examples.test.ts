import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { emptyFolder, entryPoints, installBuild, packageJson, root } from './support.ts'

/** What the examples take as given. An example that declares one of these itself means its own. */
const given = `
import type * as core from 'msal-isomorphic'
import type * as edge from 'msal-isomorphic/edge'
import type * as node from 'msal-isomorphic/node'
import type * as redis from 'msal-isomorphic/redis'
import type * as testing from 'msal-isomorphic/testing'
declare global {
  const clientId: string, scopes: string[], pem: string, publicCertificate: string
  const clientCredential: core.ClientCredential, interaction: core.Interaction
  const app: core.PublicClientApplication & core.ConfidentialClientApplication
  const account: core.AccountInfo, flow: core.AuthCodeFlow & core.DeviceCodeFlow, request: Request, error: unknown
  const code: string, redirectUri: string, state: string, nonce: string, refreshToken: string, username: string, password: string
  const userAssertion: string, api: string, accessToken: string, bytes: Uint8Array<ArrayBuffer>
  const client: node.ManagedIdentityClient & redis.RedisScripting
  const session: { flow: core.AuthCodeFlow; homeAccountId: string }
  const tokenCache: core.TokenCache
  const env: { COOKIE_KEY: string; OLD_COOKIE_KEY: string; KV: edge.KvNamespace; TOKENS: { idFromName(name: string): object; get(id: object): edge.TokenCacheStub } }
  const cookie: string, home: string, authority: string
  function render(account: core.AccountInfo): Promise<Response>
  const join: typeof import('node:path').join, homedir: typeof import('node:os').homedir
  function myStore(): core.CacheStore
  const provider: testing.FakeProvider
  function test(name: string, run: () => Promise<void>): void
  function showSignInPage(url: string): Promise<string>
  const button: HTMLButtonElement
  function show(something: unknown): void
  const table: {
    get(key: string): Promise<{ value: string; version: string } | undefined>
    putIf(key: string, value: string, version?: string | null): Promise<string | 'conflict'>
    delete(key: string): Promise<void>
  }
  function readCacheFile(): Promise<string | null>
  function writeCacheFile(text: string): Promise<void>
}
`

interface Example {
  /** The file and the line it begins at. */
  at: string
  language: string
  code: string
}

/** The blocks of TypeScript and JavaScript in a text or, within comments, in a declaration file. */
function examplesIn(path: string): Example[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^( *\* |)```(ts|js)\n([\s\S]*?)^\1```$/gm)].map(
    ({ 1: margin = '', 2: language = '', 3: code = '', index }) => ({
      at: `${path}:${text.slice(0, index).split('\n').length}`,
      language,
      code: code.replaceAll(/^ *\* ?/gm, (star) => (margin ? '' : star)),
    }),
  )
}

const declarations = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.d.ts'))
const documented = declarations.flatMap((name) => examplesIn(`dist/${name}`))
const guides = readdirSync(join(root, 'src')).map((folder) => `src/${folder}/README.md`)
const readme = ['README.md', ...guides.filter((path) => existsSync(join(root, path)))].flatMap(examplesIn)

it('there are examples in the documentation', () => {
  expect(readme.length).toBeGreaterThan(15)
  expect(documented.length).toBeGreaterThan(10)
})

it('the examples of the README and of the guides import all that they use of the package', () => {
  expect(readme.filter(({ code }) => !/from 'msal-isomorphic/.test(code)).map(({ at }) => at)).toEqual([])
})

it('the examples compile', async () => {
  const folder = await emptyFolder()
  await installBuild(folder, 'redis', '@redis', 'ioredis', '@upstash')
  // Where they stand: their types come from many packages.
  for (const name of ['@azure', '@microsoft', 'msw'])
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir')
  await writeFile(join(folder, 'given.d.ts'), given)
  const files = new Map<string, Example>()
  for (const [index, example] of [...readme, ...documented].entries()) {
    const path = join(folder, `example-${index}.m${example.language}`)
    files.set(path, example)
    await writeFile(path, readme.includes(example) ? example.code : withImports(example.code))
  }
  const options: ts.CompilerOptions = {
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
  }
  const written = (language: string) => [...files].flatMap(([path, example]) => (example.language === language ? [path] : []))
  const programs = [
    ts.createProgram([...written('ts'), join(folder, 'given.d.ts')], options),
    // What has no types of its own can be held to the package's.
    ts.createProgram(written('js'), { ...options, allowJs: true, checkJs: true, strict: false }),
  ]
  const problems = programs
    .flatMap((program) => ts.getPreEmitDiagnostics(program))
    .map(({ file, start = 0, messageText }) => {
      const line = file?.text.slice(start).split('\n', 1)[0] ?? ''
      const place = file ? (files.get(file.fileName)?.at ?? file.fileName) : ''
      return `${place}: ${ts.flattenDiagnosticMessageText(messageText, '\n')} (${line})`
    })
  expect(problems).toEqual([])
}, 60_000)

/** An example in a comment is the inside of a function, and takes from the package what it does not declare itself. */
function withImports(code: string): string {
  const imports = entryPoints.flatMap((entryPoint) => {
    const names = exportsOf(entryPoint).filter((name) => new RegExp(`\\b${name}\\b`).test(code) && !declares(code, name))
    return names.length ? [`import { ${names.join(', ')} } from '${entryPoint}'`] : []
  })
  if (/^(import|export) /m.test(code)) return [...imports, code, 'export {}'].join('\n')
  return [...imports, 'export async function example() {', code, '}'].join('\n')
}

function declares(code: string, name: string): boolean {
  return new RegExp(`\\b(const|let|function|class|interface) ${name}\\b|import [^;']*\\b${name}\\b`).test(code)
}

/** The values and types that an entry point's declaration file names. */
function exportsOf(entryPoint: string): string[] {
  const target = packageJson.exports[`.${entryPoint.slice(packageJson.name.length)}`]
  const path = typeof target === 'object' ? target.types : ''
  const { statements } = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest)
  return statements.flatMap((statement) => {
    const clause = ts.isExportDeclaration(statement) ? statement.exportClause : undefined
    return clause && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : []
  })
}
