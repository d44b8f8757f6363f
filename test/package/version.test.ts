import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { version } from '../../src/core/client/version.ts'
import { packageJson, root } from './support.ts'

const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
const headings = [...changelog.matchAll(/^## \[?([^\]\s]+)/gm)].map(([, heading]) => heading)

it('the version that is sent is the package’s', () => {
  expect(version).toBe(packageJson.version)
})

it('the changelog begins with the version or with what is not released', () => {
  expect(['Unreleased', packageJson.version]).toContain(headings[0])
})

it('the top level holds what it must and nothing else', () => {
  const known = ['package.json', 'package-lock.json', 'tsconfig.json', 'rollup.config.mjs', 'src', 'test', 'playground']
  const texts = ['README.md', 'LICENSE', 'CHANGELOG.md']
  const made = ['node_modules', 'dist', 'docs']
  const others = readdirSync(root).filter((name) => !name.startsWith('.') && ![...known, ...texts, ...made].includes(name))
  expect(others).toEqual([])
})
