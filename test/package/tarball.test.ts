import { copyFile, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyFolder, installTarball, lateParts, node, packageJson, root } from './support.ts'

describe('the packed tarball, installed into an empty folder', () => {
  const cleanups: (() => Promise<void>)[] = []
  let folder: string
  let packed: string[]
  let installed: string

  beforeAll(async () => {
    folder = await emptyFolder((clean) => cleanups.push(clean))
    packed = await installTarball(folder)
    installed = join(folder, 'node_modules', packageJson.name)
  }, 180_000)
  afterAll(async () => {
    for (const clean of cleanups) await clean()
  })

  it('S77 holds the build and four texts', async () => {
    const built = await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true })
    const expected = built.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    const inDist = packed.filter((path) => path.startsWith('dist/'))
    expect(inDist.sort()).toEqual(expected.map((path) => path.replaceAll(sep, '/')).sort())
    expect(packed.filter((path) => !inDist.includes(path)).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(inDist.filter((path) => !/\.(js|js\.map|d\.ts)$/.test(path))).toEqual([])
  })

  it('S77 runs nothing at install and depends on what it must only', async () => {
    const { scripts, dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare|pack)$/.test(name))).toEqual([])
    expect(['jose', 'idb-keyval', '@rgrove/parse-xml']).toEqual(expect.arrayContaining(Object.keys(dependencies)))
    const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
    const modules = Object.keys(packages).filter((path) => path !== '')
    expect(modules.sort()).toEqual([packageJson.name, ...Object.keys(dependencies)].map((name) => `node_modules/${name}`).sort())
  })

  it('holds the license of the parser that is built in, once', async () => {
    const texts = await Promise.all(packed.filter((path) => path.endsWith('.js')).map((path) => readFile(join(installed, path), 'utf8')))
    const withParser = texts.filter((text) => text.includes('class Parser'))
    expect(withParser).toHaveLength(1)
    expect(withParser[0]).toMatch(/^\/\*! @rgrove\/parse-xml\nISC License\n/)
  })

  it('holds no path of the machine that built it, and sources for its maps', async () => {
    for (const path of packed) {
      const text = await readFile(join(installed, path), 'utf8')
      expect(text.includes(root) || text.includes(pathToFileURL(root).href), path).toBe(false)
      if (!path.endsWith('.map')) continue
      const { sources, sourcesContent } = JSON.parse(text)
      expect(sourcesContent, path).toHaveLength(sources.length)
      expect(
        sourcesContent.every((content: unknown) => typeof content === 'string'),
        path,
      ).toBe(true)
    }
  })

  it('works, and the walk through it loads every file of it', async () => {
    await copyFile(new URL('walk-through.mjs', import.meta.url), join(folder, 'walk-through.mjs'))
    const coverage = join(folder, 'coverage')
    expect(await node(folder, ['walk-through.mjs'], { NODE_V8_COVERAGE: coverage })).toBe('done\n')
    const reports = await Promise.all((await readdir(coverage)).map((name) => readFile(join(coverage, name), 'utf8')))
    const loaded = reports.flatMap((report) => JSON.parse(report).result.map(({ url }: { url: string }) => url))
    // What needs a page is loaded by test/browser/environment.test.ts, which reads the same list.
    const ofPages = await lateParts(join(installed, 'dist/browser.js'))
    const scripts = packed.filter((path) => path.endsWith('.js') && !ofPages.includes(path))
    expect(scripts.filter((path) => !loaded.includes(pathToFileURL(join(installed, path)).href))).toEqual([])
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: installed, level: 'warning', strict: true })
    expect(messages.map((message) => formatMessage(message, packageJson as never))).toEqual([])
  })

  it('its types resolve as its modules do', async () => {
    const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
    const { problems } = JSON.parse(await node(folder, [attw, tarball ?? '', '--profile', 'esm-only', '--format', 'json']))
    expect(Object.keys(problems)).toEqual(['NoResolution', 'CJSResolvesToESM'])
  })
})
