import { describe, expect, it } from 'vitest'
import { AuthError } from '../../../src/core/errors.ts'
import { checkClaims } from '../../../src/core/oauth/claims.ts'
import { mergeClaims } from '../../../src/core/oauth/claims-parameter.ts'

const merged = (challenge: string | undefined, capabilities: string[] = ['CP1']) => JSON.parse(mergeClaims(challenge, capabilities)!)
const xms_cc = { values: ['CP1'] }

describe('claims', () => {
  it.each([undefined, []])('without capabilities (%j) are the challenge as it came', (capabilities) => {
    expect(mergeClaims(undefined, capabilities)).toBeUndefined()
    expect(mergeClaims('', capabilities)).toBeUndefined()
    const challenge = '{ "id_token" : {"auth_time":{"essential":true}} }'
    expect(mergeClaims(challenge, capabilities)).toBe(challenge)
  })

  it('hold the capabilities', () => {
    expect(merged(undefined)).toEqual({ access_token: { xms_cc } })
    expect(merged(undefined, ['CP1', 'CP2'])).toEqual({ access_token: { xms_cc: { values: ['CP1', 'CP2'] } } })
  })

  it('keep the rest of the challenge', () => {
    const challenge = { id_token: { x: null }, access_token: { nbf: { essential: true, value: '1' } } }
    expect(merged(JSON.stringify(challenge))).toEqual({ ...challenge, access_token: { ...challenge.access_token, xms_cc } })
  })

  it('replace the capabilities of the challenge', () => {
    expect(merged('{"access_token":{"xms_cc":{"values":["old"]}}}')).toEqual({ access_token: { xms_cc } })
  })

  it.each(['null', '[]', '1', '"x"'])('stand for an access_token of %s', (value) => {
    expect(merged(`{"access_token":${value}}`)).toEqual({ access_token: { xms_cc } })
  })

  it('S48: keep a key called __proto__ as data', () => {
    expect(mergeClaims('{"__proto__":{"polluted":1},"a":1}', ['CP1'])).toContain('"__proto__":{"polluted":1}')
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })

  it.each(['{', 'x', '[]', '1', 'null', '"text"', '{"a":}'])(
    'that are %s are invalid_argument, with or without capabilities',
    (challenge) => {
      for (const run of [() => checkClaims(challenge), () => mergeClaims(challenge, ['CP1']), () => mergeClaims(challenge, undefined)]) {
        expect(run).toThrow(AuthError)
        expect(run).toThrow(expect.objectContaining({ code: 'invalid_argument', action: 'reconfigure' }))
      }
    },
  )
})
