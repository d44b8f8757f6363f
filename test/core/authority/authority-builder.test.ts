import { expect, it } from 'vitest'
import { AuthorityBuilder } from '../../../src/core/authority/authority-builder.ts'

it.each([
  ['login.microsoftonline.com', 'contoso.com'],
  ['login.microsoftonline.com/', '/contoso.com'],
  ['login.microsoftonline.com///', '//contoso.com/'],
])('joins %s and %s', (instance, tenant) => {
  expect(String(new AuthorityBuilder(instance, tenant))).toBe('https://login.microsoftonline.com/contoso.com')
})

it.each([undefined, null, 5, {}, ['a'], Symbol('x')])('S72 wants texts, not %o', (value) => {
  const refusal = expect.objectContaining({ name: 'ClientConfigurationError', code: 'invalid_argument' })
  expect(() => new AuthorityBuilder(value as never, 'contoso.com')).toThrow(refusal)
  expect(() => new AuthorityBuilder('login.microsoftonline.com', value as never)).toThrow(refusal)
})

it('keeps the case and the slashes inside a tenant', () => {
  expect(`${new AuthorityBuilder('c.b2clogin.com', 'C.onmicrosoft.com/B2C_1_x')}`).toBe('https://c.b2clogin.com/C.onmicrosoft.com/B2C_1_x')
})
