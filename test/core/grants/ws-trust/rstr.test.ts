import { describe, expect, it } from 'vitest'
import { readRstr } from '../../../../src/core/grants/ws-trust/rstr.ts'
import { readXml } from '../../../../src/core/grants/ws-trust/xml.ts'
import { rstr, saml11, saml20, soapFault } from './documents.ts'

const read = (body: string) => readXml({ status: 200, headers: new Headers(), body }, undefined, (root) => readRstr(root, body))
const saml1Grant = 'urn:ietf:params:oauth:grant-type:saml1_1-bearer'
const saml2Grant = 'urn:ietf:params:oauth:grant-type:saml2-bearer'

describe('an assertion', () => {
  it.each([
    ['urn:oasis:names:tc:SAML:1.0:assertion', saml11, saml1Grant],
    ['http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1', saml11, saml1Grant],
    ['urn:oasis:names:tc:SAML:2.0:assertion', saml20, saml2Grant],
    ['http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0', saml20, saml2Grant],
    ['', saml11, saml1Grant],
    ['', saml20, saml2Grant],
    ['\n  urn:oasis:names:tc:SAML:2.0:assertion<!-- -->\r\n', saml20, saml2Grant],
  ])('of type %j', (tokenType, assertion, grantType) => {
    for (const version of ['1.3', '2005'] as const) expect(read(rstr({ tokenType, assertion, version }))).toEqual({ assertion, grantType })
  })

  it.each(['urn:ietf:params:oauth:token-type:jwt', 'constructor', 'urn:oasis:names:tc:SAML:1.0:assertion '.repeat(2)])(
    'of type %s is none',
    (tokenType) => {
      expect(read(rstr({ tokenType }))).toBeUndefined()
    },
  )

  it.each(['trust:', 't:', 'wst_1.x-2:', ''])('under the prefix %j', (prefix) => {
    for (const version of ['1.3', '2005'] as const) expect(read(rstr({ prefix, version }))).toMatchObject({ assertion: saml11 })
  })

  it.each<[string, string]>([
    ['single quotes and odd spaces', `<saml:Assertion  AssertionID='_1'\n\txmlns:saml = "urn:x" ><saml:a   /></saml:Assertion >`],
    ['references and no references', '<a b="&quot;&#x41;&apos;">&lt;&gt;&amp;&#10;&#13;é&#233;>"\'</a>'],
    ['CDATA and comments', '<a><![CDATA[</trust:RequestedSecurityToken>]]><!-- </trust:RequestedSecurityToken> --><?pi </a> ?></a>'],
    ['an attribute that looks like an end', '<a b="/>&lt;/trust:RequestedSecurityToken>"/>'],
    ['carriage returns, tabs and line ends', '<a>\r\n\t<b>\r</b>\n</a>'],
    ['characters of all lengths', '<a é="ß">€ 😀 𝒳 \u00a0\u2028</a>'],
    ['the names of the envelope inside', '<a><TokenType>x</TokenType><RequestedSecurityToken><b/></RequestedSecurityToken><Fault/></a>'],
    [
      'the prefix of the envelope meaning something else',
      '<trust:Assertion xmlns:trust="urn:x"><trust:RequestedSecurityToken xmlns:trust="urn:y"/></trust:Assertion>',
    ],
    ['no content', '<a/>'],
  ])('comes byte for byte: %s', (_, assertion) => {
    for (const [before, after] of [
      ['', ''],
      ['\r\n      ', '\n  '],
      ['<!-- 😀 <a> -->', '<?end?>'],
    ] as const) {
      expect(read(`\ufeff${rstr({ assertion, before, after })}`)).toEqual({ assertion, grantType: saml1Grant })
    }
  })

  it('of several answers the first that holds one counts', () => {
    const empty = '<trust:RequestSecurityTokenResponse><trust:TokenType>x</trust:TokenType></trust:RequestSecurityTokenResponse>'
    expect(read(rstr().replace('<trust:RequestSecurityTokenResponse ', (all) => empty + all))).toMatchObject({ assertion: saml11 })
  })

  it('that is not there, or is two, is none', () => {
    expect(read(rstr({ assertion: '' }))).toBeUndefined()
    expect(read(rstr({ assertion: saml11 + saml20 }))).toBeUndefined()
    expect(read(rstr({ assertion: '', before: saml11.replaceAll('<', '&lt;') }))).toBeUndefined()
  })

  it('in a header, or in a comment, is none', () => {
    const body = /<s:Body>([\s\S]*)<\/s:Body>/.exec(rstr())![1]!
    expect(read(`<s:Envelope xmlns:s="urn:s"><s:Header>${body}</s:Header><s:Body/></s:Envelope>`)).toBeUndefined()
    expect(read(`<s:Envelope xmlns:s="urn:s"><s:Body><!--${body}--></s:Body></s:Envelope>`)).toBeUndefined()
  })
})

describe('a fault', () => {
  it('gives reason and subcode', () => {
    expect(read(soapFault())).toEqual({
      reason: 'ID3242: The security token could not be authenticated or authorized.',
      subcode: 'FailedAuthentication',
      own: false,
    })
    expect(read(soapFault({ subcode: '', reason: '<![CDATA[<b>no</b>]]>&amp;' }))).toEqual({
      reason: '<b>no</b>&',
      subcode: '',
      own: false,
    })
  })

  it("is the server's own where it says so, unless it is about the password", () => {
    expect(read(soapFault({ code: 'x:Receiver', subcode: 'a:Busy' }))).toMatchObject({ own: true })
    expect(read(soapFault({ code: 'x:Receiver' }))).toMatchObject({ own: false })
  })

  it('of SOAP 1.1 is understood', () => {
    const fault = (code: string) =>
      `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>${code}</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>`
    expect(read(fault('s:Client'))).toEqual({ reason: 'no', subcode: '', own: false })
    expect(read(fault('s:Server'))).toEqual({ reason: 'no', subcode: '', own: true })
  })
})
