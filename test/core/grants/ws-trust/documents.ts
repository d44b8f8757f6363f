/** What a federation server answers with, written by hand after the specifications. */

export const action13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue'
export const action2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue'
const sp12 = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702'
const sp2005 = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy'

export interface PortOptions {
  name: string
  url: string
  action?: string
  /** The namespace of WS-SecurityPolicy. */
  sp?: string
  /** The element that says how the token is protected. */
  tokens?: string
  /** The kind of token that is taken. */
  token?: string
  /** The protection of the message. */
  protection?: string
  /** `wsdl` or `soap12`: which of the two SOAP bindings it is. */
  soap?: 'soap' | 'soap12'
  transport?: string
}

export const port13 = (url: string, more: Partial<PortOptions> = {}): PortOptions => ({
  name: 'UserNameWSTrustBinding_IWSTrust13Async',
  url,
  action: action13,
  sp: sp12,
  tokens: 'SignedEncryptedSupportingTokens',
  ...more,
})

export const port2005 = (url: string, more: Partial<PortOptions> = {}): PortOptions => ({
  name: 'UserNameWSTrustBinding_IWSTrustFeb2005Async',
  url,
  action: action2005,
  sp: sp2005,
  tokens: 'SignedSupportingTokens',
  ...more,
})

const policy = ({
  name,
  sp = sp12,
  tokens = 'SignedEncryptedSupportingTokens',
  token = 'WssUsernameToken10',
  protection = 'TransportBinding',
}: PortOptions) => `
  <wsp:Policy wsu:Id="${name}_policy">
    <wsp:ExactlyOne>
      <wsp:All>
        <sp:${protection} xmlns:sp="${sp}">
          <wsp:Policy>
            <sp:TransportToken><wsp:Policy><sp:HttpsToken RequireClientCertificate="false"/></wsp:Policy></sp:TransportToken>
            <sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>
            <sp:IncludeTimestamp/>
          </wsp:Policy>
        </sp:${protection}>
        <sp:${tokens} xmlns:sp="${sp}">
          <wsp:Policy>
            <sp:UsernameToken sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient">
              <wsp:Policy><sp:${token}/></wsp:Policy>
            </sp:UsernameToken>
          </wsp:Policy>
        </sp:${tokens}>
        <wsaw:UsingAddressing/>
      </wsp:All>
    </wsp:ExactlyOne>
  </wsp:Policy>`

const binding = ({ name, action = action13, soap = 'soap12', transport = 'http://schemas.xmlsoap.org/soap/http' }: PortOptions) => `
  <wsdl:binding name="${name}" type="tns:IWSTrustAsync">
    <wsp:PolicyReference URI="#${name}_policy"/>
    <${soap}:binding transport="${transport}"/>
    <wsdl:operation name="TrustIssueAsync">
      <${soap}:operation soapAction="${action}" style="document"/>
      <wsdl:input><${soap}:body use="literal"/></wsdl:input>
      <wsdl:output><${soap}:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>`

const port = ({ name, url, soap = 'soap12' }: PortOptions) => `
    <wsdl:port name="${name}" binding="tns:${name}">
      <${soap}:address location="${url}"/>
      <wsa10:EndpointReference>
        <wsa10:Address>
          ${url}
        </wsa10:Address>
      </wsa10:EndpointReference>
    </wsdl:port>`

/** A WS-MetadataExchange document; ports of other kinds are in it as well. */
export const mex = (ports: readonly PortOptions[]): string => {
  const all: PortOptions[] = [
    { name: 'CertificateWSTrustBinding_IWSTrust13Async', url: 'https://fs.contoso.example/certificatemixed', token: 'WssX509V3Token10' },
    ...ports,
  ]
  return `<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions name="SecurityTokenService" targetNamespace="http://schemas.example/ws/2008/06/identity/securitytokenservice"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsa10="http://www.w3.org/2005/08/addressing"
  xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:tns="http://schemas.example/ws/2008/06/identity/securitytokenservice"
  xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <!-- <wsdl:service name="nobody's"/> -->${all.map(policy).join('')}
  <wsdl:types/>${all.map(binding).join('')}
  <wsdl:service name="SecurityTokenService">${all.map(port).join('')}
  </wsdl:service>
</wsdl:definitions>`
}

export const saml11 = `<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="_a1" Issuer="http://fs.contoso.example/adfs/services/trust" IssueInstant="2030-01-01T00:00:00.000Z" xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">
  <saml:Conditions NotBefore='2030-01-01T00:00:00.000Z'  NotOnOrAfter="2030-01-01T01:00:00.000Z" ></saml:Conditions>
  <saml:AttributeStatement><saml:Attribute AttributeName="UPN"><saml:AttributeValue>mia&amp;co@contoso.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue>c2lnbmF0dXJl</ds:SignatureValue></ds:Signature>
</saml:Assertion>`

export const saml20 =
  '<Assertion ID="_b2" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>https://fs.contoso.example/</Issuer><Subject/></Assertion>'

export interface RstrOptions {
  assertion?: string
  tokenType?: string
  /** Prefix of the trust namespace, with its colon. */
  prefix?: string
  version?: '1.3' | '2005'
  /** Around the assertion. */
  before?: string
  after?: string
}

export function rstr({
  assertion = saml11,
  tokenType = 'urn:oasis:names:tc:SAML:1.0:assertion',
  prefix = 'trust:',
  version = '1.3',
  before = '',
  after = '',
}: RstrOptions = {}): string {
  const namespace = version === '1.3' ? 'http://docs.oasis-open.org/ws-sx/ws-trust/200512' : 'http://schemas.xmlsoap.org/ws/2005/02/trust'
  const declaration = `xmlns${prefix && `:${prefix.slice(0, -1)}`}="${namespace}"`
  const response = `<${prefix}RequestSecurityTokenResponse ${version === '2005' ? declaration : ''}>
      <${prefix}Lifetime><wsu:Created xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">2030-01-01T00:00:00.000Z</wsu:Created></${prefix}Lifetime>
      <wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>urn:federation:MicrosoftOnline</Address></EndpointReference></wsp:AppliesTo>
      <${prefix}RequestedSecurityToken>${before}${assertion}${after}</${prefix}RequestedSecurityToken>
      ${tokenType && `<${prefix}TokenType>${tokenType}</${prefix}TokenType>`}
      <${prefix}RequestType>${namespace}/Issue</${prefix}RequestType>
    </${prefix}RequestSecurityTokenResponse>`
  const collection = `${prefix}RequestSecurityTokenResponseCollection`
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
  <s:Header><a:Action s:mustUnderstand="1">${namespace}/RSTRC/IssueFinal</a:Action></s:Header>
  <s:Body>
    ${version === '1.3' ? `<${collection} ${declaration}>${response}</${collection}>` : response}
  </s:Body>
</s:Envelope>`
}

export const soapFault = ({
  code = 's:Sender',
  subcode = 'a:FailedAuthentication',
  reason = 'ID3242: The security token could not be authenticated or authorized.',
} = {}): string => `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">
  <s:Body>
    <s:Fault>
      <s:Code>
        <s:Value>${code}</s:Value>
        ${subcode && `<s:Subcode><s:Value xmlns:a="http://docs.oasis-open.org/ws-sx/ws-trust/200512">${subcode}</s:Value></s:Subcode>`}
      </s:Code>
      <s:Reason><s:Text xml:lang="en-US">${reason}</s:Text></s:Reason>
    </s:Fault>
  </s:Body>
</s:Envelope>`
