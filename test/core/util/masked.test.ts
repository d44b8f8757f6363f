import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { masked, secretsIn } from '../../../src/core/util/masked.ts'

const writings: [string, (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['in a form', (secret) => new URLSearchParams({ x: secret }).toString()],
  ['in a URL', (secret) => `https://host.example/?x=${encodeURIComponent(secret)}`],
  ['in JSON', (secret) => JSON.stringify({ x: secret })],
]

describe('S71 masked', () => {
  it.each(writings)('finds a secret %s', (_, write) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 4, maxLength: 60 }), fc.string(), fc.string(), (secret, before, after) => {
        const text = before + write(secret) + after
        const rest = masked(text, [secret])
        expect(rest).toContain('***')
        expect(rest.length).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  it('hides the whole of a secret that holds another', () => {
    for (const secrets of [
      ['abcd', 'abcdefgh'],
      ['abcdefgh', 'abcd'],
    ])
      expect(masked('x=abcdefgh', secrets)).toBe('x=***')
  })

  it('leaves alone what is too short to be told from anything else, and what holds none', () => {
    expect(masked('an a and a b', ['', 'a', 'b', 'and'])).toBe('an a and a b')
    expect(masked('nothing here', ['secret', '\ud800\ud800\ud800\ud800'])).toBe('nothing here')
  })

  it('knows what an answer holds', () => {
    expect(secretsIn({ access_token: 'at', refresh_token: 1, id_token: undefined, scope: 'x', code: 'c' })).toEqual(['at', 'c'])
  })
})
