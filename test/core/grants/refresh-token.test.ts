import { expect, it } from 'vitest'
import { refreshTokenGrant } from '../../../src/core/grants/refresh-token.ts'

it('sends the refresh token, the scopes and the claims, and routes by the home account', () => {
  expect(refreshTokenGrant('rt', ['a', 'openid'], 'u.1.t', '{"a":1}', 3)).toEqual({
    type: 'refresh_token',
    fields: { refresh_token: 'rt', scope: 'a openid', claims: '{"a":1}' },
    scopes: ['a', 'openid'],
    api: 84,
    reason: 3,
    anchor: 'Oid:u@1@t',
    needsPerson: true,
  })
})
