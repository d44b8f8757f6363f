import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseClaimsChallenge } from '../../../src/core/index.ts'

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
const base64 = (text: string) => Buffer.from(text).toString('base64')
const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`

describe('the claims of a WWW-Authenticate header', () => {
  it('as an API of the platform sends them', () => {
    const header =
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", ' +
      `error="insufficient_claims", claims="${base64(claims)}"`
    expect(parseClaimsChallenge(header)).toBe(claims)
    expect(parseClaimsChallenge(new Headers({ 'WWW-Authenticate': header }))).toBe(claims)
    expect(parseClaimsChallenge(new Response('', { status: 401, headers: { 'www-authenticate': header } }).headers)).toBe(claims)
  })

  // Between them these hold both characters that base64 and base64url write in different ways, and all lengths of padding.
  const texts = ['{"a":"???>>>"}', '{"a":"ÿÿÿ~~~"}', '{"a":"Zoë 😀"}', '{"a":1}', '{"a":12}', '{"a":123}', '{}']
  it.each(texts)('%s, in each of its forms', (text) => {
    const padded = base64(text)
    const forms = [
      padded,
      padded.replace(/=+$/, ''),
      padded.replaceAll('+', '-').replaceAll('/', '_'),
      Buffer.from(text).toString('base64url'),
    ]
    for (const form of forms) {
      expect(parseClaimsChallenge(`Bearer claims="${form}"`)).toBe(text)
      expect(parseClaimsChallenge(`Bearer claims=${form}`)).toBe(text)
    }
    expect(parseClaimsChallenge(`Bearer claims=${quoted(text)}, error="x"`)).toBe(text)
  })

  it('the forms are not all the same', () => {
    const all = texts.map(base64).join('')
    for (const character of '+/=') expect(all).toContain(character)
  })

  it.each<[string, string]>([
    ['the name in capitals', `Bearer CLAIMS="${base64(claims)}"`],
    ['white space around the sign', `Bearer  claims \t=  "${base64(claims)}"`],
    ['no white space after the comma', `Bearer error="x",claims="${base64(claims)}",realm=y`],
    ['other schemes before and after', `Negotiate, Basic realm="x, y", Bearer claims="${base64(claims)}", Digest nonce="z"`],
    ['a scheme with a token', `Negotiate YWJjZA==, Bearer claims="${base64(claims)}"`],
    ['another challenge without claims', `Bearer realm="a", Bearer realm="b", claims="${base64(claims)}"`],
    ['a comma within quotes', `Bearer realm="a, b", claims=${quoted(claims)}`],
    ['escaped quotes before it', `Bearer realm="a\\", claims=\\"e30=", claims="${base64(claims)}"`],
    ['an escape at the end of a string', `Bearer realm="a\\\\", claims="${base64(claims)}"`],
    ['claims that are none before it', `Bearer claims="%%%", PoP claims="${base64(claims)}"`],
    ['an empty one before it', `Bearer claims="", PoP claims="${base64(claims)}"`],
    ['a name that ends alike before it', `Bearer my-claims="${base64('{"b":1}')}", claims="${base64(claims)}"`],
    ['escapes that nothing needed', `Bearer claims="\\e\\y${base64(claims).slice(2)}"`],
  ])('%s', (_, header) => {
    expect(parseClaimsChallenge(header)).toBe(claims)
  })

  it.each([null, undefined, 5, {}, [], () => {}, Symbol('x'), new Headers(), { get: () => 5 }])('S72 none in %o', (headers) => {
    expect(parseClaimsChallenge(headers as never)).toBeNull()
  })

  it('several headers are one', () => {
    const headers = new Headers([
      ['www-authenticate', 'Basic realm="x"'],
      ['www-authenticate', `Bearer claims="${base64(claims)}"`],
    ])
    expect(parseClaimsChallenge(headers)).toBe(claims)
  })

  it('the first of several claims', () => {
    expect(parseClaimsChallenge(`Bearer claims="${base64('{"a":1}')}", PoP claims="${base64('{"b":1}')}"`)).toBe('{"a":1}')
  })

  it('keeps quotes and escapes within JSON', () => {
    const text = '{"a":"say \\"hi\\", \\\\ and \\u00e9"}'
    expect(parseClaimsChallenge(`Bearer claims=${quoted(text)}`)).toBe(text)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a scheme', 'Bearer'],
    ['no claims', 'Bearer realm="", error="invalid_token"'],
    ['no value', 'Bearer claims'],
    ['no value after the sign', 'Bearer claims='],
    ['an empty value', 'Bearer claims=""'],
    ['claims within another string', `Bearer realm="x claims=${base64('{}')} y"`],
    ['claims within another string, quoted', `Bearer error_description="claims=\\"${base64('{}')}\\""`],
    ['claims within a string that never ends', `Bearer realm="x, claims=${base64('{}')}`],
    ['part of a name', `Bearer myclaims="${base64('{}')}", claims2="${base64('{}')}"`],
    ['no base64', 'Bearer claims="%%%"'],
    ['base64 of something else', `Bearer claims="${base64('hello')}"`],
    ['an array', `Bearer claims="${base64('[1]')}"`],
    ['null', `Bearer claims="${base64('null')}"`],
    ['a number', 'Bearer claims=7'],
    ['a JSON text', `Bearer claims=${quoted('"x"')}`],
    ['broken JSON', `Bearer claims="${base64('{"a":')}"`],
    ['bytes that are not UTF-8', `Bearer claims="${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64')}"`],
    ['JSON that nests too deep', `Bearer claims=${quoted(`${'{"a":'.repeat(99)}1${'}'.repeat(99)}`)}`],
  ])('null: %s', (_, header) => {
    expect(parseClaimsChallenge(header)).toBeNull()
    expect(parseClaimsChallenge(new Headers(header ? { 'www-authenticate': header } : {}))).toBeNull()
  })

  it('never throws, and finds nothing but JSON objects', () => {
    const part = fc.constantFrom(
      'Bearer ',
      'claims',
      '=',
      '"',
      '\\',
      ',',
      ' ',
      'e30=',
      base64(claims),
      '{}',
      quoted('{"a":1}'),
      '\n',
      '\u0000',
    )
    const parts = fc.array(fc.oneof(part, fc.string()), { maxLength: 40 }).map((list) => list.join(''))
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      parts,
      fc.tuple(part, parts).map(([value, rest]) => `Bearer claims=${value}${rest}`),
    )
    let found = 0
    fc.assert(
      fc.property(header, (text) => {
        const challenge = parseClaimsChallenge(text)
        if (challenge === null) return
        found++
        const value: unknown = JSON.parse(challenge)
        expect(Object.prototype.toString.call(value)).toBe('[object Object]')
      }),
      { numRuns: 10_000 },
    )
    expect(found).toBeGreaterThan(0)
  })

  it('any claims come back as they were, whatever stands around them', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))
    fc.assert(
      fc.property(value, fc.boolean(), fc.string({ unit: 'grapheme-ascii' }), (object, plain, other) => {
        const text = JSON.stringify(object)
        const header = `Bearer realm=${quoted(other)}, claims=${plain ? quoted(text) : `"${base64(text)}"`}, other=${quoted(other)}`
        expect(parseClaimsChallenge(header)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it.each<[string, string]>([
    ['one long name', 'a'],
    ['signs', '='],
    ['white space', 'a '],
    ['open strings', 'a="\\'],
    ['escaped quotes', 'a=\\"'],
    ['escapes', '\\'],
    ['quotes', '"'],
    ['names', 'claims='],
    ['empty claims', 'claims="",'],
  ])('a hostile header takes no time: %s', (_, unit) => {
    const text = unit.repeat(Math.ceil(16_384 / unit.length))
    let fastest = Number.POSITIVE_INFINITY
    // A busy machine makes a round slow now and then, a slow pattern makes every round slow.
    for (let round = 0; round < 5 && fastest >= 200; round++) {
      const begin = performance.now()
      for (const end of ['', '\\', '"', ' ']) expect(parseClaimsChallenge(`${text.slice(0, 16_383)}${end}`)).toBeNull()
      fastest = Math.min(fastest, performance.now() - begin)
    }
    expect(fastest).toBeLessThan(200)
  })

  it('what is longer than any header is cut', () => {
    expect(parseClaimsChallenge(`${' '.repeat(16_384)}Bearer claims="e30="`)).toBeNull()
    expect(parseClaimsChallenge(`${' '.repeat(16_000)}Bearer claims="e30="`)).toBe('{}')
  })
})
