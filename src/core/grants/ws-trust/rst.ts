import { ClientConfigurationError } from '../../errors.ts'
import type { Person } from '../username-password.ts'
import { versions, type WsTrustEndpoint } from './endpoint.ts'

const wss = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity'
const addressing = 'http://www.w3.org/2005/08/addressing'
const lifetime = 10 * 60 * 1000

/** Asks for an assertion by name and password: a RequestSecurityToken (WS-Trust section 3.1) in a SOAP 1.2 envelope. */
export function buildRst({ url, action }: WsTrustEndpoint, person: Person, audience: string): string {
  const { namespace, keyType } = versions.get(action)!
  const now = Date.now()
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="${addressing}" xmlns:wsu="${wss}-utility-1.0.xsd">\
<s:Header>\
<wsa:Action s:mustUnderstand="1">${action}</wsa:Action>\
<wsa:MessageID>urn:uuid:${crypto.randomUUID()}</wsa:MessageID>\
<wsa:ReplyTo><wsa:Address>${addressing}/anonymous</wsa:Address></wsa:ReplyTo>\
<wsa:To s:mustUnderstand="1">${content(url)}</wsa:To>\
<wsse:Security s:mustUnderstand="1" xmlns:wsse="${wss}-secext-1.0.xsd">\
<wsu:Timestamp wsu:Id="_0"><wsu:Created>${instant(now)}</wsu:Created><wsu:Expires>${instant(now + lifetime)}</wsu:Expires></wsu:Timestamp>\
<wsse:UsernameToken wsu:Id="ADALUsernameToken">\
<wsse:Username>${content(person.username)}</wsse:Username><wsse:Password>${content(person.password)}</wsse:Password>\
</wsse:UsernameToken>\
</wsse:Security>\
</s:Header>\
<s:Body>\
<wst:RequestSecurityToken xmlns:wst="${namespace}">\
<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">\
<wsa:EndpointReference><wsa:Address>${content(audience)}</wsa:Address></wsa:EndpointReference>\
</wsp:AppliesTo>\
<wst:KeyType>${keyType}</wst:KeyType>\
<wst:RequestType>${namespace}/Issue</wst:RequestType>\
</wst:RequestSecurityToken>\
</s:Body>\
</s:Envelope>`
}

const instant = (time: number) => new Date(time).toISOString().replace(/\.\d+/, '')

/** Text inside an element. A carriage return would be read as a line feed, and some characters XML 1.0 cannot hold at all. */
function content(text: string): string {
  if (/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) {
    throw new ClientConfigurationError('invalid_argument', 'A federated sign-in takes no control characters in username and password.')
  }
  return text.replace(/[&<>"'\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
