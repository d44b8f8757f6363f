import { describe, expect, it } from 'vitest'
import { selectEndpoint } from '../../../../src/core/grants/ws-trust/mex.ts'
import { readXml } from '../../../../src/core/grants/ws-trust/xml.ts'
import { action13, action2005, mex, type PortOptions, port13, port2005 } from './documents.ts'

const url13 = 'https://fs.contoso.example/adfs/services/trust/13/usernamemixed'
const url2005 = 'https://fs.contoso.example/adfs/services/trust/2005/usernamemixed'

const select = (body: string) =>
  readXml({ status: 200, headers: new Headers(), body }, undefined, (root) => selectEndpoint(root, (url) => url.startsWith('https://')))
const selectAmong = (...ports: PortOptions[]) => select(mex(ports))

describe('the endpoint of a WS-MetadataExchange document', () => {
  it('is one of WS-Trust 1.3 first, wherever it stands', () => {
    expect(selectAmong(port13(url13), port2005(url2005))).toEqual({ url: url13, action: action13 })
    expect(selectAmong(port2005(url2005), port13(url13))).toEqual({ url: url13, action: action13 })
  })

  it('is one of the draft where there is no other', () => {
    expect(selectAmong(port2005(url2005))).toEqual({ url: url2005, action: action2005 })
  })

  it('is the first of its version', () => {
    const other = port13('https://fs2.contoso.example/trust/13/usernamemixed', { name: 'Other' })
    expect(selectAmong(other, port13(url13))?.url).toBe(other.url)
  })

  it('takes each version in either dialect of WS-SecurityPolicy, told by its namespace', () => {
    const { sp, tokens } = port2005('')
    expect(selectAmong(port13(url13, { sp: sp!, tokens: tokens! }))?.url).toBe(url13)
    expect(selectAmong(port13(url13, { sp: sp! }))).toBeUndefined()
    expect(selectAmong(port13(url13, { tokens: tokens! }))).toBeUndefined()
  })

  it.each<[string, Partial<PortOptions>]>([
    ['another kind of token', { token: 'WssX509V3Token10' }],
    ['no protection by TLS', { protection: 'AsymmetricBinding' }],
    ['another action', { action: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Validate' }],
    ['an action named like a member of Object', { action: 'constructor' }],
    ['another transport', { transport: 'http://schemas.example/soap/smtp' }],
    ['http', { url: 'http://fs.contoso.example/adfs/services/trust/13/usernamemixed' }],
    ['no address', { url: '' }],
  ])('with %s is none', (_, more) => {
    expect(selectAmong(port13(url13, more))).toBeUndefined()
    expect(selectAmong(port13(url13, more), port2005(url2005))?.url).toBe(url2005)
  })

  it('C17 a binding of SOAP 1.1 is passed over', () => {
    expect(selectAmong(port13(url13, { soap: 'soap' }), port2005(url2005))?.url).toBe(url2005)
    expect(select(mex([port13(url13)]).replaceAll('<soap12:binding', '<soap:binding'))).toBeUndefined()
  })

  it('ports without a binding, bindings without a policy and policies without a name are passed over', () => {
    const document = mex([port13(url13)])
    for (const [what, instead] of [
      ['binding="tns:UserName', 'binding="tns:Nobody'],
      ['binding="tns:UserNameWSTrustBinding_IWSTrust13Async"', ''],
      ['<wsp:PolicyReference URI="#UserNameWSTrustBinding_IWSTrust13Async_policy"/>', ''],
      [' wsu:Id="UserNameWSTrustBinding_IWSTrust13Async_policy"', ''],
      [' wsu:Id="UserName', ' Id="UserName'],
    ] as const) {
      expect(document).toContain(what)
      expect(select(document.replace(what, instead)), what).toBeUndefined()
    }
    const unnamed = document.replace(' wsu:Id="UserNameWSTrustBinding_IWSTrust13Async_policy"', '')
    expect(select(unnamed.replace('"#UserNameWSTrustBinding_IWSTrust13Async_policy"', '"#undefined"'))).toBeUndefined()
  })

  it('the last reference to a policy counts', () => {
    const reference = '<wsp:PolicyReference URI="#UserNameWSTrustBinding_IWSTrust13Async_policy"/>'
    const other = '<wsp:PolicyReference URI="#CertificateWSTrustBinding_IWSTrust13Async_policy"/>'
    const document = mex([port13(url13)])
    expect(select(document.replace(reference, other + reference))?.url).toBe(url13)
    expect(select(document.replace(reference, reference + other))).toBeUndefined()
  })

  it('is found whatever the prefixes, and only in the right namespaces', () => {
    const document = mex([port13(url13)])
    const renamed = (text: string, from: string, to: string) => text.replaceAll(new RegExp(`\\b${from}(?=[:=])`, 'g'), to)
    const prefixed = ['wsdl', 'soap12', 'wsa10', 'wsu', 'wsp', 'sp'].reduce(
      (text, prefix) => renamed(text, prefix, `${prefix}-x.1`),
      document,
    )
    expect(prefixed).not.toContain('<wsdl:')
    expect(select(prefixed)?.url).toBe(url13)
    expect(select(document.replace('http://schemas.xmlsoap.org/ws/2004/09/policy', 'http://www.w3.org/ns/ws-policy'))).toBeUndefined()
    expect(select(document.replaceAll('wsdl:', '').replace('xmlns:wsdl', 'xmlns'))?.url).toBe(url13)
  })

  it('comments, CDATA and white space are no obstacle', () => {
    const document = mex([port13(url13)])
    expect(select(document.replace(`          ${url13}`, `<!-- http://old.example --><![CDATA[${url13}]]>\r\n`))?.url).toBe(url13)
    expect(
      select(document.replace('<wsdl:service name="S', '<!-- <wsdl:service name="S').replace('</wsdl:service>', '</wsdl:service> -->')),
    ).toBeUndefined()
  })

  it('many ports of one big binding are read in linear time', { timeout: 10_000 }, () => {
    const document = mex([port13('http://plain.example')])
    const big = document.replace(
      '<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>\n    <wsdl:operation name="TrustIssueAsync">',
      (all) => '<soap12:binding/>'.repeat(20_000) + all,
    )
    const port = '<wsdl:port binding="tns:UserNameWSTrustBinding_IWSTrust13Async"/>'
    expect(select(big.replace('</wsdl:service>', `${port.repeat(8_000)}</wsdl:service>`))).toBeUndefined()
  })
})
