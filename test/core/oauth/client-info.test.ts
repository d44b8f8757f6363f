import { describe, expect, it } from 'vitest'
import { readClientInfo } from '../../../src/core/oauth/client-info.ts'

describe('client_info', () => {
  const read = (value: unknown) => readClientInfo(Buffer.from(JSON.stringify(value)).toString('base64url'))

  it('names the home account', () => {
    expect(read({ uid: 'u', utid: 't' })).toBe('u.t')
    expect(readClientInfo(undefined)).toBeUndefined()
  })

  it.each([
    {},
    { uid: 'u' },
    { utid: 't' },
    { uid: '', utid: 't' },
    { uid: 'u', utid: '' },
    { uid: 1, utid: 't' },
    { uid: 'u', utid: 1 },
    { uid: null, utid: 't' },
  ])('%j names none', (info) => {
    expect(read(info)).toBeUndefined()
  })

  it.each(['', '!!', 'x', 'bm8', Buffer.from('[]').toString('base64url'), Buffer.from('{"uid"').toString('base64url')])(
    'S39: %j is malformed',
    (text) => {
      const malformed = { code: 'bad_response', message: "The token response's client_info is missing or malformed." }
      expect(() => readClientInfo(text)).toThrow(expect.objectContaining(malformed))
    },
  )
})
