import { expect, it } from 'vitest'
import { clientCredentialsGrant } from '../../../src/core/grants/client-credentials.ts'

it('sends the scopes as they are given, once and sorted', () => {
  expect(clientCredentialsGrant(['https://b/.default', 'https://a/.default', 'openid', 'openid'], '{"a":1}', 2)).toEqual({
    type: 'client_credentials',
    fields: { scope: 'https://a/.default https://b/.default openid', claims: '{"a":1}' },
    scopes: ['https://b/.default', 'https://a/.default', 'openid', 'openid'],
    api: 730,
    reason: 2,
  })
})

it('does not send the person anywhere', () => {
  expect(clientCredentialsGrant(['a'], undefined, 2).needsPerson).toBeUndefined()
})
