import { expect, it } from 'vitest'
import { AuthorityBuilder } from '../../../src/core/authority/authority-builder.ts'

it.each([
  ['login.microsoftonline.com', 'contoso.com'],
  ['login.microsoftonline.com/', '/contoso.com'],
  ['login.microsoftonline.com///', '//contoso.com/'],
])('joins %s and %s', (instance, tenant) => {
  expect(String(new AuthorityBuilder(instance, tenant))).toBe('https://login.microsoftonline.com/contoso.com')
})

it('keeps the case and the slashes inside a tenant', () => {
  expect(`${new AuthorityBuilder('c.b2clogin.com', 'C.onmicrosoft.com/B2C_1_x')}`).toBe('https://c.b2clogin.com/C.onmicrosoft.com/B2C_1_x')
})
