import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from './support.ts'

const code = new Map(
  sourceFiles('src').map((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return [file, text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')] as const
  }),
)

/** What the source may do in the files that are listed, and nowhere else. */
const places: [name: string, pattern: RegExp, files: string[]][] = [
  ['S70 nothing is written to a console', /\bconsole\b/, []],
  [
    'S20 tokens are decoded where they are checked: an access token only by the API that it is for',
    /\bdecodeJwt\b/,
    [
      'src/core/cache/claims-of.ts',
      'src/core/oauth/id-token.ts',
      'src/core/oauth/jwt.ts',
      'src/edge/access-token.ts',
      'src/edge/token-provider.ts',
    ],
  ],
  ['S54 no cookie is set by a page', /\bdocument\s*\.\s*cookie\b|\bcookieStore\b/, []],
  [
    'S54 a page’s storage holds a sign-in that has left the page',
    /\bsessionStorage\b/,
    ['src/browser/kept-flows.ts', 'src/browser/kept-keys.ts'],
  ],
  ['S54 a page’s storage holds the id of the chosen account', /\blocalStorage\b/, ['src/browser/stored-choice.ts']],
  ['S63 a program is started in one place', /node:child_process/, ['src/node/open-browser.ts']],
  ['S61 S71 nothing is made markup', /\b(inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\s*\.\s*write\b/, []],
]

describe('the source', () => {
  it('was read', () => {
    expect(code.size).toBeGreaterThan(100)
    expect(code.get('src/core/oauth/jwt.ts')).toContain('maxLength')
  })

  it.each(places)('%s', (_, pattern, files) => {
    expect([...code].flatMap(([file, text]) => (pattern.test(text) ? file : [])).sort()).toEqual(files)
  })
})
