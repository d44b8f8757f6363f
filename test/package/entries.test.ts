import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { emptyFolder, entryPoints, installBuild, node, root } from './support.ts'

/** Imports an entry point where everything that could start something is a trap, and prints what was called or left behind. */
const program = (entryPoint: string) => `
  const log = console.log
  const called = []
  const trap = (object, name) => {
    const original = object[name]
    object[name] = function (...options) {
      called.push(name)
      return original.apply(this, options)
    }
  }
  for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) trap(globalThis, name)
  for (const name of ['getRandomValues', 'randomUUID']) trap(crypto, name)
  for (const name of ['digest', 'generateKey', 'importKey']) trap(crypto.subtle, name)
  for (const name of ['on', 'once', 'addListener', 'emitWarning']) trap(process, name)
  for (const name of Object.keys(console)) trap(console, name)
  trap(Math, 'random')
  const before = Object.getOwnPropertyNames(globalThis)
  const { length } = Object.keys(await import('${entryPoint}'))
  const left = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name))
  log(JSON.stringify({ exports: length > 0, called, left, listeners: process.eventNames() }))
`

describe.each(entryPoints)('%s', (entryPoint) => {
  it('S73 S77 starts nothing and leaves nothing behind when it is imported', async () => {
    const folder = await emptyFolder()
    await installBuild(folder)
    await writeFile(join(folder, 'plain.mjs'), `process.stdout.write(JSON.stringify(process.eventNames()))`)
    await writeFile(join(folder, 'trapped.mjs'), program(entryPoint))
    const listeners = JSON.parse(await node(folder, ['plain.mjs']))
    expect(JSON.parse(await node(folder, ['trapped.mjs']))).toEqual({ exports: true, called: [], left: [], listeners })
  })

  it('can be imported where the language’s own objects are frozen', async () => {
    const folder = await emptyFolder()
    await installBuild(folder)
    await writeFile(join(folder, 'main.mjs'), `console.log(Object.keys(await import('${entryPoint}')).length > 0)`)
    expect(await node(folder, ['--frozen-intrinsics', '--no-warnings', 'main.mjs'])).toBe('true\n')
  })

  it('can be imported where there is the language and nothing else', async () => {
    const { outputFiles } = await build({
      stdin: { contents: `export * from '${entryPoint}'`, resolveDir: root },
      bundle: true,
      format: 'iife',
      globalName: 'entry',
      external: ['node:*', 'undici'],
      write: false,
      logLevel: 'error',
    })
    expect(runInNewContext(`${outputFiles[0]?.text}; Object.keys(entry).length`, {})).toBeGreaterThan(0)
  })
})
