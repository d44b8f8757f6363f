import { describe, expect, it } from 'vitest'
import { type AuthorityOptions, isMultiTenant, parseAuthority, tenantOf } from '../../../src/core/authority/authority.ts'
import { AuthorityBuilder } from '../../../src/core/authority/authority-builder.ts'
import { AZURE_CHINA, AZURE_PUBLIC, AZURE_US_GOVERNMENT } from '../../../src/core/authority/clouds.ts'
import { ClientConfigurationError, isAuthError } from '../../../src/core/errors.ts'

const wellKnown = '/.well-known/openid-configuration'
const ms = 'https://login.microsoftonline.com'

function failure(options: AuthorityOptions): unknown {
  try {
    return parseAuthority(options)
  } catch (error) {
    expect(error).toBeInstanceOf(ClientConfigurationError)
    return (error as ClientConfigurationError).code
  }
}

describe('parseAuthority', () => {
  it.each<[string, AuthorityOptions['authority'], object]>([
    ['C1: nothing', undefined, { kind: 'entra', host: AZURE_PUBLIC, tenant: 'common', discoveryUrl: `${ms}/common/v2.0${wellKnown}` }],
    ['the public cloud', `${ms}/common`, { kind: 'entra', multiTenant: true, trusted: true, issuers: [`${ms}/common/v2.0`] }],
    ['C1: a slash at the end', `${ms}/contoso.com/`, { tenant: 'contoso.com', discoveryUrl: `${ms}/contoso.com/v2.0${wellKnown}` }],
    ['C1: many slashes', `${ms}/contoso.com///`, { tenant: 'contoso.com', url: `${ms}/contoso.com` }],
    ['a URL object', new URL(`${ms}/contoso.com/`), { tenant: 'contoso.com', url: `${ms}/contoso.com`, multiTenant: false }],
    ['a builder', new AuthorityBuilder(AZURE_PUBLIC, 'contoso.com'), { tenant: 'contoso.com', trusted: true }],
    ['a builder with slashes', new AuthorityBuilder(`${AZURE_PUBLIC}//`, '/t/'), { tenant: 't', url: `${ms}/t` }],
    ['US Government', new AuthorityBuilder(AZURE_US_GOVERNMENT, 'common'), { cloud: AZURE_US_GOVERNMENT, trusted: true }],
    ['China', new AuthorityBuilder(AZURE_CHINA, 'organizations'), { cloud: AZURE_CHINA, trusted: true, multiTenant: true }],
    ['an alias', 'https://login.windows.net/t', { host: 'login.windows.net', cloud: AZURE_PUBLIC, trusted: true }],
    ['another', 'https://login.microsoft.com/t', { cloud: AZURE_PUBLIC, trusted: true }],
    ['the issuer host of v1', 'https://sts.windows.net/t', { cloud: AZURE_PUBLIC, trusted: true }],
    ['an alias in China', 'https://login.partner.microsoftonline.cn/t', { cloud: AZURE_CHINA, trusted: true }],
    ['an alias of US Government', 'https://login.usgovcloudapi.net/t', { cloud: AZURE_US_GOVERNMENT, trusted: true }],
    ['login-us', 'https://login-us.microsoftonline.com/t', { cloud: 'login-us.microsoftonline.com', trusted: true }],
    [
      'the case of a host, its port and a query',
      'https://LOGIN.microsoftonline.com:443/T?dc=x',
      { host: AZURE_PUBLIC, tenant: 'T', discoveryUrl: `${ms}/T/v2.0${wellKnown}?dc=x` },
    ],
    ['a port', 'https://localhost:8443/T', { host: 'localhost', url: 'https://localhost:8443/T' }],
    ['the case of a tenant', `${ms}/Contoso.COM`, { tenant: 'Contoso.COM', url: `${ms}/Contoso.COM` }],
    ['the case of common', `${ms}/COMMON`, { multiTenant: true }],
    ['a subpath, a query and a fragment', 'https://example.com/tenant/subpath?foo=bar#fragment', { host: 'example.com', tenant: 'tenant' }],
    ['a fragment', 'https://example.com/tenant#fragment', { host: 'example.com', tenant: 'tenant', kind: 'entra', trusted: false }],
    ['a prototype property as a host', 'https://constructor/tenant', { cloud: 'constructor', trusted: false }],
    ['http on localhost', 'http://localhost:3000/t', { url: 'http://localhost:3000/t', host: 'localhost', trusted: false }],
    ['http on 127.0.0.1', 'http://127.0.0.1:3000/t', { host: '127.0.0.1' }],
    ['http on ::1', 'http://[::1]:3000/t', { host: '[::1]' }],
    ['AD FS', 'https://fs.contoso.com/adfs', { kind: 'adfs', trusted: true, discoveryUrl: `https://fs.contoso.com/adfs${wellKnown}` }],
    ['AD FS in any case', 'https://fs.contoso.com/ADFS/', { kind: 'adfs', discoveryUrl: `https://fs.contoso.com/ADFS${wellKnown}` }],
    [
      'B2C',
      'https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_x',
      { kind: 'b2c', trusted: true, discoveryUrl: `https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_x/v2.0${wellKnown}` },
    ],
    ['B2C by its host alone', 'https://c.b2clogin.cn/c', { kind: 'b2c' }],
    ['B2C by its policy, with a slash', 'https://login.contoso.com/c.onmicrosoft.com/b2c_1_x/', { kind: 'b2c', trusted: true }],
    ['B2C with tfp', `${ms}/tfp/c.onmicrosoft.com/B2C_1_x`, { kind: 'b2c', url: `${ms}/tfp/c.onmicrosoft.com/B2C_1_x` }],
    ['no B2C: the host only ends alike', 'https://evilb2clogin.com/c', { kind: 'entra', trusted: false }],
    ['no B2C: the policy is elsewhere', 'https://host.example/b2c_1_x', { kind: 'entra' }],
    [
      'CIAM',
      'https://contoso.ciamlogin.com',
      {
        kind: 'ciam',
        tenant: 'contoso.onmicrosoft.com',
        trusted: true,
        discoveryUrl: `https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0${wellKnown}`,
      },
    ],
    ['CIAM with a slash', 'https://contoso.ciamlogin.com/', { kind: 'ciam', url: 'https://contoso.ciamlogin.com/contoso.onmicrosoft.com' }],
    [
      'CIAM with a path',
      'https://Contoso.CIAMlogin.com/anything',
      { kind: 'ciam', tenant: 'anything', discoveryUrl: `https://contoso.ciamlogin.com/anything/v2.0${wellKnown}` },
    ],
    ['CIAM whose tenant is called adfs', 'https://contoso.ciamlogin.com/adfs', { kind: 'ciam' }],
    ['no CIAM: the host only ends alike', 'https://evilciamlogin.com/t', { kind: 'entra', trusted: false }],
  ])('%s', (_, authority, expected) => {
    expect(parseAuthority({ authority })).toMatchObject(expected)
  })

  it.each<[string, AuthorityOptions['oidcAuthority'], object]>([
    [
      'with a path',
      'https://contoso.com/tenant',
      {
        kind: 'oidc',
        trusted: true,
        discoveryUrl: `https://contoso.com/tenant${wellKnown}`,
        issuers: expect.arrayContaining(['https://contoso.com/tenant']),
      },
    ],
    [
      'without one',
      'https://idp.example',
      { url: 'https://idp.example', tenant: 'https://idp.example', discoveryUrl: `https://idp.example${wellKnown}` },
    ],
    [
      'with a port',
      'https://idp.example:8443/X',
      { host: 'idp.example', tenant: 'https://idp.example:8443/X', discoveryUrl: `https://idp.example:8443/X${wellKnown}` },
    ],
    ['at a Microsoft host', `${ms}/common`, { kind: 'oidc', multiTenant: false, discoveryUrl: `${ms}/common${wellKnown}` }],
    ['a loopback host', 'http://localhost:9000', { discoveryUrl: `http://localhost:9000${wellKnown}` }],
    ['a URL object', new URL('https://idp.example'), { discoveryUrl: `https://idp.example${wellKnown}` }],
  ])('oidcAuthority %s', (_, oidcAuthority, expected) => {
    expect(parseAuthority({ oidcAuthority })).toMatchObject(expected)
  })

  it('S41: a slash at the end of oidcAuthority is dropped for discovery, and may be in the issuer', () => {
    const { discoveryUrl, issuers } = parseAuthority({ oidcAuthority: 'https://idp.example/t/' })
    expect(discoveryUrl).toBe(`https://idp.example/t${wellKnown}`)
    expect(new Set(issuers)).toEqual(new Set(['https://idp.example/t', 'https://idp.example/t/']))
    expect(parseAuthority({ oidcAuthority: 'https://idp.example/t' }).issuers).not.toContain('https://idp.example/t/')
  })

  it.each([
    ['http', 'http://login.microsoftonline.com/common'],
    ['http and a private address', 'http://10.0.0.1/tenant'],
    ['http and another loopback address', 'http://127.0.0.2/tenant'],
    ['http and a host that begins alike', 'http://localhost.example/tenant'],
    ['http and a name with a dot', 'http://localhost./tenant'],
    ['another scheme', 'ftp://login.microsoftonline.com/common'],
    ['a script', 'javascript:alert(1)'],
    ['no tenant', 'https://login.microsoftonline.com'],
    ['no tenant but a slash', 'https://login.microsoftonline.com/'],
    ['no tenant but two slashes', 'https://login.microsoftonline.com//'],
    ['an empty first segment', 'https://login.microsoftonline.com//common'],
    ['no tenant but a query', 'https://login.microsoftonline.com?x=/common'],
    ['no tenant at B2C', 'https://contoso.b2clogin.com/'],
    ['no URL', 'login.microsoftonline.com/common'],
    ['an empty text', ''],
    ['a port that is none', 'https://login.microsoftonline.com:99999/common'],
    ['a user name', 'https://user@login.microsoftonline.com/common'],
    ['a password', 'https://:pass@login.microsoftonline.com/common'],
    ['a user name and a password', 'https://user:pass@login.microsoftonline.com/common'],
    ['a foreign host behind user info', 'https://login.microsoftonline.com@evil.example/common'],
  ])('S34 S42: %s is authority_invalid', (_, authority) => {
    expect(failure({ authority })).toBe('authority_invalid')
  })

  it('S42: the message of a refusal quotes nothing of the URL', () => {
    try {
      parseAuthority({ authority: 'https://user:CANARY-password@login.microsoftonline.com/common' })
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('CANARY')
      expect(isAuthError(error) && error.cause).toBeUndefined()
    }
  })

  it('oidcAuthority is held to the same rules', () => {
    expect(failure({ oidcAuthority: 'http://idp.example' })).toBe('authority_invalid')
    expect(failure({ oidcAuthority: 'idp.example' })).toBe('authority_invalid')
    expect(failure({ oidcAuthority: '' })).toBe('authority_invalid')
    expect(failure({ oidcAuthority: 'https://user@idp.example' })).toBe('authority_invalid')
  })

  it('both options together are invalid_argument', () => {
    expect(failure({ authority: `${ms}/common`, oidcAuthority: 'https://idp.example' })).toBe('invalid_argument')
  })

  it('validateAuthority and knownAuthorities decide about trust', () => {
    const trusted = (options: AuthorityOptions) => parseAuthority({ authority: 'https://login.private.example/t', ...options }).trusted
    expect(trusted({})).toBe(false)
    expect(trusted({ validateAuthority: true })).toBe(false)
    expect(trusted({ validateAuthority: false })).toBe(true)
    expect(trusted({ knownAuthorities: ['login.private.example'] })).toBe(true)
    expect(trusted({ knownAuthorities: ['private.example'] })).toBe(false)
    expect(trusted({ knownAuthorities: ['login.private.example:8443'] })).toBe(false)
    const withPort = 'https://login.private.example:8443/t'
    expect(trusted({ authority: withPort, knownAuthorities: ['login.private.example:8443'] })).toBe(true)
    expect(trusted({ authority: withPort, knownAuthorities: ['login.private.example'] })).toBe(false)
    expect(trusted({ authority: 'https://LOGIN.Private.example:443/t', knownAuthorities: ['login.private.example'] })).toBe(true)
  })
})

describe('tenants', () => {
  it.each([
    ['common', true],
    ['Organizations', true],
    ['CONSUMERS', true],
    ['contoso.com', false],
    ['', false],
  ])('%s', (tenant, expected) => {
    expect(isMultiTenant(tenant)).toBe(expected)
  })

  it('the realm is the first segment of the path', () => {
    expect(tenantOf(`${ms}/T/oauth2/v2.0/token`)).toBe('T')
    expect(tenantOf('https://contoso.com/token')).toBe('token')
    expect(tenantOf('https://contoso.com')).toBe('')
  })
})
