import { createHash, randomUUID } from 'node:crypto'
import { userByName } from './users.mjs'

/**
 * The server of a company that keeps its passwords to itself, as AD FS is one: it describes itself (WS-MetadataExchange), and for a name
 * and a password it gives an assertion (WS-Trust, 1.3 and its draft of 2005) that the token endpoint takes. The assertion is no signed
 * SAML: the look-alike knows those that it has issued by their digest, so that a changed byte is noticed as a broken signature would be.
 */
export const federationPath = '/adfs/services/trust'

export const samlGrants = { 13: 'urn:ietf:params:oauth:grant-type:saml2-bearer', 2005: 'urn:ietf:params:oauth:grant-type:saml1_1-bearer' }

const versions = {
  13: {
    namespace: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    action: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue',
    tokenType: 'urn:oasis:names:tc:SAML:2.0:assertion',
    policy: 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702',
    supporting: 'SignedEncryptedSupportingTokens',
  },
  2005: {
    namespace: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
    action: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue',
    tokenType: 'urn:oasis:names:tc:SAML:1.0:assertion',
    policy: 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy',
    supporting: 'SignedSupportingTokens',
  },
}
const soap = 'http://www.w3.org/2003/05/soap-envelope'
const utility = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const wsp = 'http://schemas.xmlsoap.org/ws/2004/09/policy'

/** What the realm of a federated person says. */
export const federationOf = (base) => ({
  account_type: 'Federated',
  federation_protocol: 'WSTrust',
  federation_metadata_url: `${base}${federationPath}/mex`,
  federation_active_auth_url: `${base}${federationPath}/2005/usernamemixed`,
})

export function createFederation(settings) {
  const issued = new Map()
  const digest = (assertion) => createHash('sha256').update(assertion).digest('hex')

  /** Answers a request to the company's server: `{ status, xml }`, or nothing for an address that it does not have. */
  function answer({ path, base, body }) {
    if (path === `${federationPath}/mex` && !body) return { status: 200, xml: describe(base) }
    const version = new RegExp(`^${federationPath}/(2005|13)/usernamemixed$`).exec(path)?.[1]
    if (!version || !body) return undefined
    const { namespace, tokenType } = versions[version]
    const text = body.toString()
    const user = userByName(textOf(text, 'Username'))
    if (!user?.federated || user.password !== textOf(text, 'Password'))
      return fault('FailedAuthentication', 'The user name or the password is wrong.')
    if (!text.includes(`${namespace}/Issue`)) return fault('InvalidRequest', 'The request is none of this version.')
    const assertion = assert(user, tokenType)
    issued.set(digest(assertion), { subject: user.subject, expires: Date.now() + settings.samlAssertionSeconds * 1000 })
    const response = `<t:RequestSecurityTokenResponse><t:TokenType>${tokenType}</t:TokenType><t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>`
    const wrapped =
      version === '13' ? `<t:RequestSecurityTokenResponseCollection>${response}</t:RequestSecurityTokenResponseCollection>` : response
    return { status: 200, xml: envelope(wrapped.replace('>', ` xmlns:t="${namespace}">`)) }
  }

  /** Whom an assertion speaks for: `{ subject, isOver }`; nothing for one that was never issued. */
  function find(encoded = '') {
    const found = issued.get(digest(Buffer.from(encoded, 'base64url').toString()))
    return found && { subject: found.subject, isOver: found.expires <= Date.now() }
  }

  return { answer, find }
}

function assert({ username, subject }, tokenType) {
  const id = `_${randomUUID()}`
  const content = `Issuer="http://adfs.example/trust" IssueInstant="${new Date().toISOString()}"`
  return `<saml:Assertion xmlns:saml="${tokenType}" AssertionID="${id}" ${content}><saml:Subject><saml:NameIdentifier Format="${subject}">${escapeXml(username)}</saml:NameIdentifier></saml:Subject></saml:Assertion>`
}

const envelope = (content) => `<s:Envelope xmlns:s="${soap}"><s:Body>${content}</s:Body></s:Envelope>`

/** AD FS sends every fault with status 500. */
const fault = (subcode, reason) => ({
  status: 500,
  xml: envelope(
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="${versions[13].namespace}">a:${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">${reason}</s:Text></s:Reason></s:Fault>`,
  ),
})

/** The WSDL with a port for each version. */
function describe(base) {
  const names = Object.keys(versions)
  const policies = names.map((name) => {
    const { policy, supporting } = versions[name]
    const token = `<sp:UsernameToken><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken>`
    return `<wsp:Policy wsu:Id="policy_${name}"><wsp:ExactlyOne><wsp:All><sp:TransportBinding xmlns:sp="${policy}"/><sp:${supporting} xmlns:sp="${policy}"><wsp:Policy>${token}</wsp:Policy></sp:${supporting}></wsp:All></wsp:ExactlyOne></wsp:Policy>`
  })
  const bindings = names.map(
    (name) =>
      `<wsdl:binding name="binding_${name}" type="tns:trust"><wsp:PolicyReference URI="#policy_${name}"/><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="Issue"><soap12:operation soapAction="${versions[name].action}" style="document"/></wsdl:operation></wsdl:binding>`,
  )
  const ports = names.map((name) => {
    const address = `${base}${federationPath}/${name}/usernamemixed`
    return `<wsdl:port name="port_${name}" binding="tns:binding_${name}"><soap12:address location="${address}"/><wsa:EndpointReference><wsa:Address>${address}</wsa:Address></wsa:EndpointReference></wsdl:port>`
  })
  const namespaces = `xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:wsp="${wsp}" xmlns:wsu="${utility}" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns="http://adfs.example/trust"`
  return `<wsdl:definitions ${namespaces} targetNamespace="http://adfs.example/trust">${policies.join('')}${bindings.join('')}<wsdl:service name="SecurityTokenService">${ports.join('')}</wsdl:service></wsdl:definitions>`
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The text of the first element of that name, whatever its prefix. */
function textOf(xml, name) {
  const text = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(xml)?.[1] ?? ''
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (_, decimal, hex, word) =>
    word ? (entities[word] ?? '') : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16)),
  )
}

const escapeXml = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
