import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseXml, XmlElement } from '@rgrove/parse-xml'
import { describe, expect, it } from 'vitest'
import { plots } from '../bench/publish/plots.mjs'
import { merged, occasion, readResults } from '../bench/publish/results.mjs'
import { benchBlocks, readmeBlocks, withBlocks } from '../bench/publish/tables.mjs'
import { root } from './support.ts'

// Every figure that the documents show comes from test/bench/results.json.
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const results = readResults()
const drawn = plots(results)

describe('the figures', () => {
  it('of the README are those of the results', () => {
    expect(withBlocks(text('README.md'), readmeBlocks(results))).toBe(text('README.md'))
  })

  it('of the README stand nowhere but in what is made from the results', () => {
    const rest = Object.keys(readmeBlocks(results)).reduce(
      (whole, name) => whole.replace(new RegExp(`<!-- ${name} -->.*<!-- /${name} -->`, 's'), ''),
      text('README.md'),
    )
    expect(rest.match(/\d[\d.,]* (KB|bytes|µs)\b|\d times as/g)).toBeNull()
    expect(text('README.md')).toMatch(/\d KB/)
  })

  it('of the benchmarks’ README are those of the results', () => {
    expect(withBlocks(text('test/bench/README.md'), benchBlocks(results))).toBe(text('test/bench/README.md'))
  })

  it('three of them are on the first screen, each with the command that reproduces it', () => {
    const { figures } = readmeBlocks(results)
    const commands = [...figures.matchAll(/`npm run bench (\w+)` \|$/gm)].map(([, name]) => name)
    expect(commands).toHaveLength(3)
    const benchmarks = /names = \[(.*)\]/.exec(text('test/bench/run.mjs'))?.[1]?.match(/[\w-]+/g)
    expect(benchmarks).toEqual(expect.arrayContaining(commands))
    expect(text('README.md').split('\n').indexOf('<!-- /figures -->')).toBeLessThan(25)
  })
})

describe('the plots', () => {
  it('are those of the results', () => {
    expect(readdirSync(join(root, 'test/bench/plots')).sort()).toEqual([...drawn.keys()].sort())
    for (const [name, svg] of drawn) expect(text(`test/bench/plots/${name}`), name).toBe(svg)
  })

  it.each([...drawn.keys()])('%s is an image that asks for nothing, and says how and on what it was measured', (name) => {
    const svg = drawn.get(name) ?? ''
    const { root } = parseXml(svg)
    expect(root).toBeInstanceOf(XmlElement)
    expect(svg).not.toMatch(/<script|<style|https?:(?!\/\/www\.w3\.org)/)
    expect(svg).toMatch(/test\/bench\/\w+\.mjs/)
    if (!name.startsWith('sizes')) expect(svg).toMatch(/Node\.js \d+\.\d+\.\d+ on .+, \d+ cores/)
    expect(text('README.md')).toContain(`test/bench/plots/${name}"`)
  })

  it('have the values of the results', () => {
    const [, scenario] = results.herd?.tables[0]?.rows.map(([, , theirs]) => String(theirs)) ?? []
    expect(drawn.get('herd-light.svg')).toContain(`>${scenario}</text>`)
    const page = results.browser?.tables[0]?.rows[0]?.[2]
    expect(drawn.get('sizes-dark.svg')).toContain(`>${(Number(String(page).replace(',', '')) / 1000).toFixed(1)} KB</text>`)
  })
})

describe('what has not been run', () => {
  it('is said to be so', () => {
    const none = plots({})
    expect([...none.keys()]).toEqual([...drawn.keys()])
    for (const [name, svg] of none) expect(svg, name).toContain('not run')
    expect(readmeBlocks({}).figures.match(/not run/g)).toHaveLength(6)
    expect(readmeBlocks({}).sizes).not.toMatch(/\d KB/)
    expect(benchBlocks({}).results).toBe('')
    expect(occasion(undefined)).toBe('not run')
  })

  it('keeps its older results, as does what has failed', () => {
    const benchmark = (value: number) => ({ tables: [{ title: 'a title', columns: [''], rows: [[value]] }], checks: [] })
    const machine = { cpu: 'a processor' }
    const old = merged({}, { date: 'then', machine, benchmarks: { one: benchmark(1), two: benchmark(2), three: benchmark(3) } })
    const next = merged(old, { date: 'now', machine, benchmarks: { one: benchmark(4), two: { ...benchmark(5), error: 'Error' } } })
    const seen = Object.entries(next).map(([name, { date, tables }]) => [name, date, tables[0]?.rows[0]?.[0]])
    expect(seen).toEqual([
      ['one', 'now', 4],
      ['two', 'then', 2],
      ['three', 'then', 3],
    ])
  })
})
