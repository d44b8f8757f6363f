import { describe, expect, it } from 'vitest'
import { type AuthorityOptions, parseAuthority } from '../../../src/core/authority/authority.ts'
import { expectedIssuer, isIssuer } from '../../../src/core/authority/issuer.ts'
import { endpoint, type Metadata, parseMetadata } from '../../../src/core/authority/metadata.ts'
import { AuthError, type AuthErrorCode } from '../../../src/core/errors.ts'

const home = '3a9c5a2c-6f8f-4a0e-9d0b-0d9b0a7c1c11'
const other = 'b0b0b0b0-6f8f-4a0e-9d0b-0d9b0a7c1c22'
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'
const ms = 'https://login.microsoftonline.com'

interface Answer {
  issuer?: unknown
  host?: string
  /** The tenant segment of the endpoints. */
  realm?: string
  [field: string]: unknown
}

function read(options: AuthorityOptions, { issuer, host, realm = home, ...fields }: Answer): Metadata {
  const authority = parseAuthority(options)
  const origin = host ?? new URL(authority.url).origin
  const endpoints = {
    authorization_endpoint: `${origin}/${realm}/oauth2/v2.0/authorize`,
    token_endpoint: `${origin}/${realm}/oauth2/v2.0/token`,
  }
  return parseMetadata(authority, { issuer, ...endpoints, ...fields })
}

function codeOf(run: () => unknown): AuthErrorCode | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof AuthError) return error.code as AuthErrorCode
    throw error
  }
}

describe('S41, S6: the issuer of a discovery document', () => {
  const v2 = (host: string, tenant: string) => `https://${host}/${tenant}/v2.0`
  const publicHost = 'login.microsoftonline.com'

  it.each<[string, string, Answer]>([
    ['the tenant id', `${ms}/${home}`, { issuer: v2(publicHost, home) }],
    ['the tenant id in upper case', `${ms}/${home.toUpperCase()}`, { issuer: v2(publicHost, home) }],
    ['the very authority', `${ms}/contoso.com`, { issuer: v2(publicHost, 'contoso.com') }],
    ['a domain name, and the id that the endpoints name', `${ms}/contoso.com`, { issuer: v2(publicHost, home) }],
    ['a domain name that the endpoints repeat', `${ms}/contoso.com`, { issuer: v2(publicHost, home), realm: 'contoso.com' }],
    ['the issuer of v1', `${ms}/${home}`, { issuer: `https://sts.windows.net/${home}/` }],
    ['an alias asked', `https://login.windows.net/${home}`, { issuer: v2(publicHost, home) }],
    ['common', `${ms}/common`, { issuer: v2(publicHost, '{tenantid}'), realm: 'common' }],
    ['organizations in any case', `${ms}/Organizations`, { issuer: v2(publicHost, '{tenantid}'), realm: 'organizations' }],
    ['consumers', `${ms}/consumers`, { issuer: v2(publicHost, consumers), realm: 'consumers' }],
    ['consumers as a template', `${ms}/consumers`, { issuer: v2(publicHost, '{tenantid}'), realm: 'consumers' }],
    ['US Government', `https://login.microsoftonline.us/${home}`, { issuer: v2('login.microsoftonline.us', home) }],
    ['China', `https://login.chinacloudapi.cn/${home}`, { issuer: v2('login.partner.microsoftonline.cn', home) }],
    ['China, common', 'https://login.chinacloudapi.cn/common', { issuer: v2('login.partner.microsoftonline.cn', '{tenantid}') }],
    ['AD FS', 'https://fs.contoso.com/adfs', { issuer: 'https://fs.contoso.com/adfs' }],
    ['AD FS, elsewhere on the host', 'https://fs.contoso.com/adfs', { issuer: 'https://fs.contoso.com/adfs/services/trust' }],
    ['B2C', 'https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_x', { issuer: `https://c.b2clogin.com/${home}/v2.0/` }],
    ['CIAM as usual', 'https://contoso.ciamlogin.com', { issuer: `https://${home}.ciamlogin.com/${home}/v2.0` }],
    ['CIAM, the same host', 'https://contoso.ciamlogin.com', { issuer: `https://contoso.ciamlogin.com/${other}/v2.0` }],
    ['CIAM, another of its hosts', 'https://contoso.ciamlogin.com/x', { issuer: `https://fabrikam.ciamlogin.com/${home}/v2.0` }],
    ['a private cloud', 'https://login.private.example/T', { issuer: 'https://login.private.example/T/v2.0' }],
    ['a private cloud, common', 'https://login.private.example/common', { issuer: 'https://login.private.example/{tenantid}/v2.0' }],
    ['a port', 'https://localhost:8443/T', { issuer: 'https://localhost:8443/T/v2.0' }],
    ['loopback', 'http://localhost:3000/T', { issuer: 'http://localhost:3000/T/v2.0' }],
  ])('%s is accepted', (_, authority, answer) => {
    expect(read({ authority }, answer).issuer).toBe(answer.issuer)
  })

  it.each<[string, string, Answer]>([
    ['another tenant', `${ms}/${home}`, { issuer: v2(publicHost, other) }],
    ['another tenant, on which the document agrees with itself', `${ms}/${home}`, { issuer: v2(publicHost, other), realm: other }],
    ['a domain name with endpoints of another tenant', `${ms}/contoso.com`, { issuer: v2(publicHost, other) }],
    ['another domain name', `${ms}/contoso.com`, { issuer: v2(publicHost, 'fabrikam.com'), realm: 'fabrikam.com' }],
    ['the template for a tenant', `${ms}/${home}`, { issuer: v2(publicHost, '{tenantid}') }],
    ['a tenant for common', `${ms}/common`, { issuer: v2(publicHost, home) }],
    ['the consumers for common', `${ms}/common`, { issuer: v2(publicHost, consumers) }],
    ['another tenant for consumers', `${ms}/consumers`, { issuer: v2(publicHost, home) }],
    ['another cloud', `${ms}/${home}`, { issuer: v2('login.microsoftonline.us', home) }],
    ['another cloud, common', `${ms}/common`, { issuer: v2('login.chinacloudapi.cn', '{tenantid}') }],
    ['a foreign host', `${ms}/${home}`, { issuer: v2('evil.example', home) }],
    ['a foreign host, common', `${ms}/common`, { issuer: v2('evil.example', '{tenantid}') }],
    ['a host behind user info', `${ms}/${home}`, { issuer: `https://${publicHost}@evil.example/${home}/v2.0` }],
    ['http', `${ms}/${home}`, { issuer: `http://${publicHost}/${home}/v2.0` }],
    ['an escape that is none', `${ms}/${home}`, { issuer: `${ms}/%/v2.0` }],
    ['AD FS on another host', 'https://fs.contoso.com/adfs', { issuer: 'https://fs.fabrikam.com/adfs' }],
    ['AD FS on another port', 'https://fs.contoso.com/adfs', { issuer: 'https://fs.contoso.com:8443/adfs' }],
    ['AD FS by http', 'https://fs.contoso.com/adfs', { issuer: 'http://fs.contoso.com/adfs/services/trust' }],
    ['B2C on another host', 'https://c.b2clogin.com/c/B2C_1_x', { issuer: `https://d.b2clogin.com/${home}/v2.0/` }],
    ['CIAM, another tenant', 'https://contoso.ciamlogin.com', { issuer: `https://${other}.ciamlogin.com/${other}/v2.0` }],
    ['CIAM, a foreign host', 'https://contoso.ciamlogin.com', { issuer: `https://ciamlogin.com.evil.example/${home}/v2.0` }],
    ['CIAM, a host that ends alike', 'https://contoso.ciamlogin.com', { issuer: `https://evilciamlogin.com/${home}/v2.0` }],
    ['a private cloud, another tenant', 'https://login.private.example/T', { issuer: 'https://login.private.example/X/v2.0' }],
    ['a private cloud, another case', 'https://login.private.example/T', { issuer: 'https://login.private.example/t/v2.0' }],
    ['a private cloud with a slash', 'https://login.private.example/T', { issuer: 'https://login.private.example/T/v2.0/' }],
    ['a private cloud without v2.0', 'https://login.private.example/T', { issuer: 'https://login.private.example/T' }],
    ['a private cloud, a tenant id', 'https://login.private.example/contoso.com', { issuer: `https://login.private.example/${home}/v2.0` }],
    ['a private cloud, common at another host', 'https://login.private.example/common', { issuer: 'https://evil.example/{tenantid}/v2.0' }],
    [
      'a private cloud, common on another port',
      'https://login.private.example/common',
      { issuer: 'https://login.private.example:8443/{tenantid}/v2.0' },
    ],
    ['none', `${ms}/${home}`, {}],
    ['null', `${ms}/${home}`, { issuer: null }],
    ['a list', `${ms}/${home}`, { issuer: [v2(publicHost, home)] }],
    ['an empty text', `${ms}/${home}`, { issuer: '' }],
    ['no URL', `${ms}/${home}`, { issuer: 'evil' }],
  ])('%s is metadata_invalid', (_, authority, answer) => {
    expect(codeOf(() => read({ authority }, answer))).toBe('metadata_invalid')
  })

  it.each<[string, string, string, boolean]>([
    ['the exact text', 'https://idp.example/t', 'https://idp.example/t', true],
    ['a slash that was not typed', 'https://idp.example/t', 'https://idp.example/t/', false],
    ['a slash that was typed', 'https://idp.example/t/', 'https://idp.example/t/', true],
    ['another case', 'https://idp.example/t', 'https://idp.example/T', false],
    ['another path on the same host', 'https://idp.example/t', 'https://idp.example/x', false],
    ['a longer path', 'https://idp.example/t', 'https://idp.example/t/x', false],
    ['another scheme', 'https://idp.example/t', 'http://idp.example/t', false],
    ['a template', 'https://login.microsoftonline.com/common/v2.0', `${ms}/{tenantid}/v2.0`, false],
    ['the issuer of v1', `${ms}/${home}`, `https://sts.windows.net/${home}/`, false],
    ['an international name', 'https://bücher.example/t', 'https://xn--bcher-kva.example/t', true],
    ['a port', 'https://idp.example:8443', 'https://idp.example', false],
  ])('of an OpenID provider: %s', (_, oidcAuthority, issuer, fits) => {
    expect(codeOf(() => read({ oidcAuthority }, { issuer }))).toBe(fits ? undefined : 'metadata_invalid')
  })
})

describe('S42: the endpoints of a discovery document', () => {
  const authority = 'https://login.contoso.example/T'
  const issuer = `${authority}/v2.0`
  const token = (url: unknown, options: AuthorityOptions = {}) =>
    codeOf(() => read({ authority, ...options }, { issuer, token_endpoint: url }))

  it.each<[string, unknown]>([
    ['the same host', 'https://login.contoso.example/token'],
    ['another port', 'https://login.contoso.example:8443/token'],
    ['the same site', 'https://api.contoso.example/token'],
    ['the site itself', 'https://contoso.example/token'],
    ['a Microsoft host', 'https://login.microsoftonline.com/T/token'],
  ])('on %s is accepted', (_, url) => {
    expect(token(url)).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['a foreign host', 'https://evil.example/token'],
    ['a foreign host that ends alike', 'https://evilcontoso.example/token'],
    ['a foreign host that begins alike', 'https://login.contoso.example.evil.example/token'],
    ['http', 'http://login.contoso.example/token'],
    ['http on loopback', 'http://localhost/token'],
    ['loopback', 'https://localhost/token'],
    ['a private address', 'https://169.254.169.254/token'],
    ['a disguised address', 'https://0x7f.1/token'],
    ['an IPv6 address', 'https://[::1]/token'],
    ['a file', 'file:///etc/passwd'],
    ['user info', 'https://user@login.contoso.example/token'],
    ['a password', 'https://:pass@login.contoso.example/token'],
    ['a relative URL', '/token'],
    ['no text', 42],
    ['null', null],
    ['an empty text', ''],
    ['a list', ['https://login.contoso.example/token']],
  ])('on %s is metadata_invalid', (_, url) => {
    expect(token(url)).toBe('metadata_invalid')
  })

  it.each<[string, string, string | undefined]>([
    ['a host of another name, as Google has', 'https://oauth2.idp-apis.example/token', undefined],
    ['a private address', 'https://169.254.169.254/token', 'metadata_invalid'],
    ['a disguised address', 'https://0x7f.1/token', 'metadata_invalid'],
    ['an IPv6 address', 'https://[::1]/token', 'metadata_invalid'],
    ['loopback', 'https://localhost/token', 'metadata_invalid'],
    ['loopback with a dot', 'https://localhost./token', 'metadata_invalid'],
    ['a name without a dot', 'https://intranet/token', 'metadata_invalid'],
    ['http', 'http://oauth2.idp-apis.example/token', 'metadata_invalid'],
  ])('of an OpenID provider on %s', (_, url, code) => {
    const oidcAuthority = 'https://accounts.idp.example'
    expect(codeOf(() => read({ oidcAuthority }, { issuer: oidcAuthority, token_endpoint: url }))).toBe(code)
  })

  it('on a host in knownAuthorities is accepted, with its port', () => {
    expect(token('https://tokens.example/t', { knownAuthorities: ['tokens.example'] })).toBeUndefined()
    expect(token('https://tokens.example:444/t', { knownAuthorities: ['tokens.example'] })).toBe('metadata_invalid')
    expect(token('https://tokens.example:444/t', { knownAuthorities: ['tokens.example:444'] })).toBeUndefined()
    expect(token('http://tokens.example/t', { knownAuthorities: ['tokens.example'] })).toBe('metadata_invalid')
  })

  it('numbers share no site, and short second labels count as part of it', () => {
    const at = (home: string, url: string) => codeOf(() => read({ authority: home }, { issuer: `${home}/v2.0`, token_endpoint: url }))
    expect(at('https://10.0.0.1/T', 'https://10.0.0.1/token')).toBeUndefined()
    expect(at('https://10.0.0.1/T', 'https://192.0.0.1/token')).toBe('metadata_invalid')
    expect(at('https://login.a.co.uk/T', 'https://login.b.co.uk/token')).toBe('metadata_invalid')
    expect(at('https://login.a.co.uk/T', 'https://api.a.co.uk/token')).toBeUndefined()
    expect(at('https://intranet/T', 'https://extranet/token')).toBe('metadata_invalid')
    expect(at('http://localhost:3000/T', 'http://localhost:3001/token')).toBeUndefined()
    expect(at('https://localhost:3000/T', 'http://localhost:3001/token')).toBe('metadata_invalid')
  })

  it('the message names the endpoint and the host, and nothing else of the URL', () => {
    expect(() => read({ authority }, { issuer, token_endpoint: 'https://evil.example/CANARY?CANARY' })).toThrow(
      /^The provider's token_endpoint is on evil\.example\. [^C]*$/,
    )
  })

  it.each(['authorization_endpoint', 'token_endpoint'])('without %s the document is metadata_invalid', (name) => {
    expect(codeOf(() => read({ authority }, { issuer, [name]: undefined }))).toBe('metadata_invalid')
  })

  it.each<[unknown, string]>([
    [undefined, 'endpoint_missing'],
    [null, 'endpoint_missing'],
    ['nonsense', 'metadata_invalid'],
    ['https://evil.example/', 'metadata_invalid'],
  ])('an optional endpoint of %s is %s when it is needed', (url, code) => {
    const metadata = read({ authority }, { issuer, device_authorization_endpoint: url })
    expect(codeOf(() => endpoint(metadata.authority, metadata.document, 'device_authorization_endpoint'))).toBe(code)
  })

  it('the realm is the tenant segment of the token endpoint, not what was typed', () => {
    expect(read({ authority: `${ms}/contoso.com` }, { issuer: `${ms}/${home}/v2.0` }).realm).toBe(home)
  })

  it('S48: keys of a hostile document touch nothing', () => {
    const hostile = JSON.parse(`{"__proto__": {"polluted": 1}, "issuer": "${issuer}", "constructor": 1}`)
    expect(codeOf(() => read({ authority }, hostile))).toBeUndefined()
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
  })
})

describe('S16: the issuer of a token', () => {
  const single = read({ authority: `${ms}/${home}` }, { issuer: `${ms}/${home}/v2.0` })
  const multiple = read({ authority: `${ms}/common` }, { issuer: `${ms}/{tenantid}/v2.0` })

  it('of one tenant is the issuer of the document, whatever the tid', () => {
    expect(expectedIssuer(single, other)).toBe(`${ms}/${home}/v2.0`)
    expect(expectedIssuer(single, undefined)).toBe(`${ms}/${home}/v2.0`)
  })

  it('of many tenants is filled with the tid', () => {
    expect(expectedIssuer(multiple, other)).toBe(`${ms}/${other}/v2.0`)
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['the template', '{tenantid}'],
    ['a path', `x/../${home}`],
    ['more than an id', `${home}/`],
    ['a replacement pattern', "$'"],
    ['a line break', `${home}\n`],
    ['a list', [home]],
    ['a domain name', 'contoso.com'],
  ])('a tid that is %s is issuer_mismatch', (_, tid) => {
    expect(codeOf(() => expectedIssuer(multiple, tid))).toBe('issuer_mismatch')
  })
})

describe('S05: the issuer of an authorization response', () => {
  it.each([
    ['https://as.example', 'https://as.example', true],
    ['https://as.example', 'https://as.example/', false],
    ['https://as.example', 'HTTPS://as.example', false],
    ['https://as.example', '', false],
    [`${ms}/{tenantid}/v2.0`, `${ms}/${home}/v2.0`, true],
    [`${ms}/{tenantid}/v2.0`, `${ms}/{tenantid}/v2.0`, false],
    [`${ms}/{tenantid}/v2.0`, `${ms}/v2.0`, false],
    [`${ms}/{tenantid}/v2.0`, `${ms}/${home}/x/v2.0`, false],
    [`${ms}/{tenantid}/v2.0`, `${ms}/${home}/v2.0/`, false],
    [`${ms}/{tenantid}/v2.0`, `https://evil.example/${home}/v2.0`, false],
    [`${ms}/{tenantid}/v2.0`, `https://login.microsoftonline.con/${home}/v2.0`, false],
    [`${ms}/{tenantid}/v2.0`, `${ms}/${home}/v3.0`, false],
  ])('%s and %s: %s', (issuer, iss, same) => {
    expect(isIssuer(issuer, iss)).toBe(same)
  })
})
