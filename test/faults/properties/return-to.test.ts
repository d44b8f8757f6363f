import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keepFlow, parkedFlow } from '../../../src/browser/kept-flows.ts'
import { redirectUriOf } from '../../../src/browser/page.ts'
import { isAuthError } from '../../../src/core/index.ts'
import { runs } from '../../support/property.ts'

const origin = 'https://app.example'

/** Ways to leave a site that some check of a URL has missed. */
const corpus = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https://app.example@evil.example/',
  'https://app.example.evil.example/',
  'https://app.example:8443/',
  'http://app.example/',
  'javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'blob:https://app.example/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
  'blob:https://evil.example/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed',
  'filesystem:https://app.example/temporary/x',
  'view-source:https://app.example/',
  'about:blank',
  'file:///etc/passwd',
  'https://аpp.example/',
  'https://user:password@app.example/',
]
const piece = fc.constantFrom(
  '/',
  '\\',
  '//',
  ':',
  '@',
  '?',
  '#',
  '.',
  '%09',
  '\t',
  '\n',
  '\r',
  ' ',
  '\u0000',
  'https',
  'blob',
  'javascript',
  'app.example',
  'evil.example',
  'x',
)
const target = fc.oneof(
  fc.constantFrom(...corpus),
  fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary' }),
  fc.webUrl(),
)

/** Where a browser on that page ends up, if it is sent there. */
const arrival = (text: string) => (URL.canParse(text, `${origin}/page`) ? new URL(text, `${origin}/page`) : undefined)

function stubPage(): Storage {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem(key: string, value: string) {
      kept.set(key, value)
      Object.defineProperty(storage, key, { value, enumerable: true, configurable: true })
    },
    removeItem(key: string) {
      kept.delete(key)
      Reflect.deleteProperty(storage, key)
    },
    key: (index: number) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size
    },
  } as unknown as Storage
  Object.defineProperties(
    storage,
    Object.fromEntries(['getItem', 'setItem', 'removeItem', 'key', 'length'].map((name) => [name, { enumerable: false }])),
  )
  const url = new URL(`${origin}/page?x#y`)
  vi.stubGlobal('document', {})
  vi.stubGlobal('location', { href: url.href, origin, pathname: url.pathname })
  vi.stubGlobal('sessionStorage', storage)
  return storage
}

beforeEach(() => void stubPage())
afterEach(() => void vi.unstubAllGlobals())

describe('S09 S79 where a person is sent back to', () => {
  const safe = (text: string) => {
    const url = arrival(text)
    expect(url?.origin).toBe(origin)
    expect(url?.protocol).toBe('https:')
  }

  it('is a page of this origin, whatever a kept sign-in says', () => {
    fc.assert(
      fc.property(target, (page) => {
        const storage = stubPage()
        const flow = { state: 's', authUri: '', expiresAt: Date.now() + 60_000 }
        keepFlow({ flow, page, response: 'r' })
        expect(storage.length).toBe(1)
        const found = parkedFlow(() => true)
        if (found) {
          safe(found.page)
          // A blob has the origin of the page that made it.
          expect(arrival(found.page)?.protocol).toBe('https:')
        } else expect(arrival(page)?.href === page && arrival(page)?.origin === origin && !/^blob:|@/.test(page)).toBe(false)
      }),
      runs(2000),
    )
  })

  it('is a page of this origin, whatever redirectUri is given', () => {
    fc.assert(
      fc.property(target, (uri) => {
        let found: string
        try {
          found = redirectUriOf(uri)
        } catch (error) {
          expect(isAuthError(error, 'invalid_argument')).toBe(true)
          return
        }
        safe(found)
      }),
      runs(2000),
    )
  })

  it.each(['', '/', '/callback', 'callback?x=1', '?x', `${origin}/callback`])('%j is one', (uri) => {
    safe(redirectUriOf(uri))
  })
})
