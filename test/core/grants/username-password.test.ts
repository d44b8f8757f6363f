import { describe, expect, it } from 'vitest'
import { assertionGrant, checkPerson, passwordGrant } from '../../../src/core/grants/username-password.ts'

const scopes = ['User.Read', 'openid']

describe('the password grant', () => {
  it('is RFC 6749 section 4.3', () => {
    expect(passwordGrant({ username: 'mia@contoso.example', password: ' p&ss ' }, scopes, '{}')).toEqual({
      type: 'password',
      fields: { username: 'mia@contoso.example', password: ' p&ss ', scope: 'User.Read openid', claims: '{}' },
      scopes,
      api: 301,
      anchor: 'upn:mia@contoso.example',
    })
  })

  it.each(['jürgen@contoso.example', '美@contoso.example', 'a\nb', 'a\x7f'])('%j does not fit a header', (username) => {
    expect(passwordGrant({ username, password: 'p' }, scopes, undefined)).not.toHaveProperty('anchor')
  })

  it('takes any text for a name that can be sent, and any password', () => {
    for (const username of ['mia', 'CONTOSO\\mia', 'a/b?c#d%', '...', '.a', '😀']) checkPerson({ username, password: '' })
    for (const username of ['', '.', '..', '\ud83d', '\ude00a', undefined, 1, null]) {
      expect(() => checkPerson({ username: username as string, password: 'p' })).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      )
    }
    for (const password of [undefined, null, 1]) {
      expect(() => checkPerson({ username: 'mia', password: password as unknown as string })).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      )
    }
  })
})

describe('the assertion grant', () => {
  it('sends the UTF-8 bytes as base64url without padding, and no name', () => {
    const assertion = '<é a="ÿþ">😀??>></é>'
    const grant = assertionGrant({ assertion, grantType: 'urn:ietf:params:oauth:grant-type:saml2-bearer' }, scopes, undefined)
    expect(grant).toEqual({
      type: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
      fields: { assertion: Buffer.from(assertion).toString('base64url'), scope: 'User.Read openid', claims: undefined },
      scopes,
      api: 301,
    })
    expect(grant.fields.assertion).toMatch(/^[\w-]+$/)
  })
})
