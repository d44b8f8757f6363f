import { describe, expect, it } from 'vitest'
import { basicSecrets, takeSecret } from '../../../src/core/http/basic-authorization.ts'

const secret = 'a:b+c %ü'
const encoded = 'a%3Ab%2Bc+%25%C3%BC'

describe('RFC 6749 section 2.3.1: the secret of a form', () => {
  it('goes into the header, encoded as in a form, and out of the form', () => {
    const fields = { client_id: 'an id', client_secret: secret, scope: 's' }
    expect(takeSecret(fields)).toEqual({ authorization: `Basic ${btoa(`an+id:${encoded}`)}` })
    expect(Object.keys(fields)).toEqual(['client_id', 'scope'])
  })

  it('S71 is known again in the header, in each form that may come back', () => {
    const { authorization } = takeSecret({ client_id: 'c', client_secret: secret })
    expect(basicSecrets(authorization)).toEqual([btoa(`c:${encoded}`), encoded, secret])
  })

  it('is none where there is no header, or an empty secret', () => {
    expect(basicSecrets()).toEqual([])
    expect(basicSecrets(`Basic ${btoa('c:')}`)).toEqual([])
    expect(basicSecrets(`Basic ${btoa('c')}`)).toEqual([])
  })
})
