import type { Assertion } from '../username-password.ts'
import { elements, find, namespaceOf, split, type XmlElement } from './xml.ts'

const bearer = 'urn:ietf:params:oauth:grant-type:saml'
const profile = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV'
/** How the platform takes an assertion, by its type. */
const grantTypes = /* @__PURE__ */ new Map([
  ['urn:oasis:names:tc:SAML:1.0:assertion', `${bearer}1_1-bearer`],
  [`${profile}1.1`, `${bearer}1_1-bearer`],
  ['urn:oasis:names:tc:SAML:2.0:assertion', `${bearer}2-bearer`],
  [`${profile}2.0`, `${bearer}2-bearer`],
])

/** Why no assertion was issued (SOAP 1.2 part 1 section 5.4, and SOAP 1.1 section 4.4). */
export interface Fault {
  reason: string
  /** Local name of the subcode, such as `FailedAuthentication`. */
  subcode: string
  /** The server blames itself, not what it was sent. */
  own: boolean
}

/**
 * Reads a RequestSecurityTokenResponse (WS-Trust section 3.2), of any version and with any prefixes. The assertion is cut out of `source`,
 * never written anew: it is signed.
 */
export function readRstr(root: XmlElement, source: string): Assertion | Fault | undefined {
  const name = 'RequestSecurityTokenResponse'
  for (const response of [...find(root, 'Body', `${name}Collection`, name), ...find(root, 'Body', name)]) {
    const [signed, ...others] = find(response, 'RequestedSecurityToken').flatMap(elements)
    // The type may be left out; then the assertion shows it.
    const grantType = signed && !others.length && grantTypes.get(textAt(response, 'TokenType') || namespaceOf(signed))
    if (grantType) return { assertion: source.slice(signed.start, signed.end), grantType }
  }
  const [fault] = find(root, 'Body', 'Fault')
  return fault && readFault(fault)
}

function readFault(fault: XmlElement): Fault {
  const code = split(textAt(fault, 'Code', 'Value') || textAt(fault, 'faultcode'))[1]
  const subcode = split(textAt(fault, 'Code', 'Subcode', 'Value'))[1]
  return {
    reason: textAt(fault, 'Reason', 'Text') || textAt(fault, 'faultstring'),
    subcode,
    own: (code === 'Receiver' || code === 'Server') && subcode !== 'FailedAuthentication',
  }
}

const textAt = (start: XmlElement, ...path: readonly string[]): string => find(start, ...path)[0]?.text.trim() ?? ''
