import { generateKeyPairSync } from 'node:crypto'
import { CompactSign } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSend } from '../../../src/core/http/http-client.ts'
import { idTokenSignatureVerifier } from '../../../src/core/oauth/id-token-signature.ts'
import { fetchKeySet } from '../../../src/core/oauth/key-set.ts'
import { codeOf } from '../client/support.ts'

const jwksUri = 'https://login.example/keys'
const provider = generateKeyPairSync('rsa', { modulusLength: 2048 })
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwkOf = ({ publicKey }: typeof provider) => JSON.stringify({ ...publicKey.export({ format: 'jwk' }), use: 'sig' }).slice(1, -1)
const [good, evil] = [jwkOf(provider), jwkOf(attacker)]

const sign = ({ privateKey }: typeof provider, kid?: string) =>
  new CompactSign(Buffer.from('{}')).setProtectedHeader({ alg: 'RS256', ...(kid !== undefined && { kid }) }).sign(privateKey)

/** Verifies a token with what a provider serves as its keys, letter by letter: an object literal could not hold these members. */
async function verify(body: string, token: string) {
  const fetch = vi.fn(async () => new Response(body))
  const http = { send: createSend(fetch) }
  await idTokenSignatureVerifier()(token, { jwksUri, fetchJson: (url) => fetchKeySet(http, url, { timeout: 1000 }) })
}

const members = Object.getOwnPropertyNames(Object.prototype).sort()
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(members)
  for (const name of ['keys', 'kty', 'kid', 'n', 'polluted']) expect(({} as Record<string, unknown>)[name]).toBeUndefined()
})

describe('S48 a key set with the names of a prototype', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'as a key id, %s names one key and no other',
    async (kid) => {
      const body = `{"keys":[{${good},"kid":${JSON.stringify(kid)}},{${evil},"kid":"other"}]}`
      await verify(body, await sign(provider, kid))
      expect(await codeOf(verify(body, await sign(attacker, kid)))).toBe('id_token_invalid')
      // Nor is it found where no key has it.
      expect(await codeOf(verify(`{"keys":[{${good},"kid":"one"}]}`, await sign(provider, kid)))).toBe('id_token_invalid')
    },
  )

  it.each([
    ['a prototype', '"__proto__":{"polluted":1,"kid":"two","kty":"oct","k":"AAAA"}'],
    ['a prototype that is a key', `"__proto__":{${evil}}`],
    ['a prototype that is null', '"__proto__":null'],
    ['a prototype that is a list', '"__proto__":[]'],
    ['a constructor', `"constructor":{"prototype":{"polluted":1,${evil}}}`],
    ['other methods', '"toString":"x","valueOf":1,"hasOwnProperty":null,"toJSON":{}'],
  ])('in a key, %s takes nobody in', async (_, member) => {
    for (const jwk of [`{${good},"kid":"one",${member}}`, `{${member},${good},"kid":"one"}`]) {
      const body = `{"keys":[${jwk}]}`
      await verify(body, await sign(provider, 'one'))
      for (const kid of ['one', 'two', undefined]) expect(await codeOf(verify(body, await sign(attacker, kid)))).toBe('id_token_invalid')
    }
  })

  it.each([
    ['whole, in its prototype', `{"__proto__":{${evil},"kid":"one"}}`],
    ['in part, in its prototype', `{"kty":"RSA","kid":"one","__proto__":{${evil}}}`],
    ['in a constructor', `{"kty":"RSA","kid":"one","constructor":{"prototype":{${evil}}}}`],
  ])('a key %s is none', async (_, jwk) => {
    const token = await sign(attacker, 'one')
    expect(await codeOf(verify(`{"keys":[${jwk}]}`, token))).toBe('id_token_invalid')
    await verify(`{"keys":[${jwk},{${good},"kid":"two"}]}`, await sign(provider, 'two'))
  })

  it.each([
    ['with a modulus that is none', '{"kty":"RSA","n":"!","e":"AQAB","kid":"one"}', 'RS256'],
    ['without one', '{"kty":"RSA","e":"AQAB","kid":"one"}', 'RS256'],
    ['whose exponent is a number', '{"kty":"RSA","n":"AQAB","e":65537,"kid":"one"}', 'RS256'],
    ['for other uses', `{${good},"kid":"one","key_ops":["verify"],"ext":"no"}`, 'RS256'],
    ['that is no point of its curve', '{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","kid":"one"}', 'ES256'],
    ['without a point', '{"kty":"EC","crv":"P-256","kid":"one"}', 'ES256'],
    ['too short', '{"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"one"}', 'EdDSA'],
  ])('S13 a key %s verifies nothing', async (_, jwk, alg) => {
    const header = Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url')
    for (const signature of ['', 'AAAA', Buffer.alloc(64).toString('base64url'), Buffer.alloc(256, 1).toString('base64url')]) {
      for (const keys of [jwk, `${jwk},${jwk}`]) {
        expect(await codeOf(verify(`{"keys":[${keys}]}`, `${header}.e30.${signature}`))).toBe('id_token_invalid')
      }
    }
  })

  it.each([
    ['in a prototype', `{"__proto__":{"keys":[{${evil},"kid":"one"}]}}`],
    ['in a constructor', `{"constructor":{"prototype":{"keys":[{${evil},"kid":"one"}]}}}`],
    ['in the prototype of a list that is none', `{"keys":{"__proto__":[{${evil},"kid":"one"}],"length":1}}`],
    ['whose list is like one', `{"keys":{"0":{${evil},"kid":"one"},"length":1,"constructor":{"name":"Array"}}}`],
  ])('keys %s are no key set', async (_, body) => {
    expect(await codeOf(verify(body, await sign(attacker, 'one')))).toBe('bad_response')
  })

  it('beside the keys they mean nothing', async () => {
    const body = `{"__proto__":{"keys":[{${evil},"kid":"one"}]},"keys":[{${good},"kid":"one"}],"constructor":{"keys":[{${evil}}]}}`
    await verify(body, await sign(provider, 'one'))
    expect(await codeOf(verify(body, await sign(attacker, 'one')))).toBe('id_token_invalid')
  })
})
