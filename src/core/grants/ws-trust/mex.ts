import { versions, type WsTrustEndpoint, wsTrust13 } from './endpoint.ts'
import { attribute, find, holds, split, type XmlElement } from './xml.ts'

const wsdl = '{http://schemas.xmlsoap.org/wsdl/}'
const soap12 = '{http://schemas.xmlsoap.org/wsdl/soap12/}'
const soapOverHttp = 'http://schemas.xmlsoap.org/soap/http'
const wsp = '{http://schemas.xmlsoap.org/ws/2004/09/policy}'
const wsa = '{http://www.w3.org/2005/08/addressing}'
const utility = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'

/** WS-SecurityPolicy 1.2 and its draft: the namespace, and what of it says that the person's token is protected. */
const dialects = [
  ['{http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702}', 'SignedEncryptedSupportingTokens'],
  ['{http://schemas.xmlsoap.org/ws/2005/07/securitypolicy}', 'SignedSupportingTokens'],
] as const

/**
 * Finds in a WS-MetadataExchange document the endpoint that takes a name and a password over TLS: one of WS-Trust 1.3, else of its draft.
 * Undefined where there is none.
 */
export function selectEndpoint(root: XmlElement, isUsable: (url: string) => boolean): WsTrustEndpoint | undefined {
  const ids = find(root, `${wsp}Policy`)
    .filter(takesPassword)
    .flatMap((policy) => attribute(policy, utility, 'Id') ?? [])
  const policies = new Set(ids.map((id) => `#${id}`))
  const bindings = new Map(
    find(root, `${wsdl}binding`).map((binding) => [binding.attributes.name, policies.has(policyOf(binding)) && actionOf(binding)]),
  )
  const endpoints = find(root, `${wsdl}service`, `${wsdl}port`).flatMap((port): WsTrustEndpoint | [] => {
    const action = bindings.get(split(port.attributes.binding ?? '')[1])
    const url = find(port, `${wsa}EndpointReference`, `${wsa}Address`)[0]?.text.trim() ?? ''
    return action && isUsable(url) ? { url, action } : []
  })
  return endpoints.find(({ action }) => action === wsTrust13) ?? endpoints[0]
}

function takesPassword(policy: XmlElement): boolean {
  return dialects.some(([sp, tokens]) => {
    const path = [`${wsp}ExactlyOne`, `${wsp}All`, `${sp}${tokens}`, `${wsp}Policy`, `${sp}UsernameToken`, `${wsp}Policy`]
    return find(policy, ...path, `${sp}WssUsernameToken10`).length > 0 && holds(policy, `${sp}TransportBinding`)
  })
}

const policyOf = (binding: XmlElement): string => find(binding, `${wsp}PolicyReference`).at(-1)?.attributes.URI ?? ''

/** The SOAP action of a binding; undefined where it is not SOAP 1.2 over HTTP, or no version of WS-Trust that is spoken here. */
function actionOf(binding: XmlElement): string | undefined {
  if (!find(binding, `${soap12}binding`).some(({ attributes }) => attributes.transport === soapOverHttp)) return undefined
  const action = find(binding, `${wsdl}operation`, `${soap12}operation`)[0]?.attributes.soapAction
  return action !== undefined && versions.has(action) ? action : undefined
}
