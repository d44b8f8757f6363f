import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support.ts'

/** The documents of the repository: what stands beside what it describes. */
const documents = ['.', '.github', 'src', 'test', 'playground']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join(folder, name)),
  )
  .sort()

const text = (path: string) => readFileSync(join(root, path), 'utf8').replace(/^```.*?^```$/gms, '')

/** The anchors that GitHub gives to the headings of a document. */
const anchors = (path: string) =>
  [...text(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\- ]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Links and images, as Markdown and as HTML. */
const links = (path: string) =>
  [...text(path).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)]
    .map(([, markdown, html]) => markdown ?? html ?? '')
    .filter((link) => !/^(https?|mailto):/.test(link))

describe('the links of the documents', () => {
  it('there are some', () => {
    expect(documents).toContain('README.md')
    expect(links('README.md').length).toBeGreaterThan(20)
  })

  it.each(documents.filter((path) => links(path).length))('%s', (path) => {
    const broken = links(path).filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file ? join(dirname(path), file) : path
      return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor))
    })
    expect(broken).toEqual([])
  })
})
