import { type Authority, isLoopback } from '../../authority/authority.ts'

/** Where an assertion is asked for, and how. */
export interface WsTrustEndpoint {
  url: string
  /** The SOAP action; one of {@link versions}. */
  action: string
}

export const wsTrust13 = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue'
export const wsTrust2005 = 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue'

/** The versions of WS-Trust that are spoken here, by SOAP action: their namespace, and the key type of an assertion that needs no proof of one. */
export const versions = /* @__PURE__ */ new Map([
  [
    wsTrust13,
    { namespace: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512', keyType: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer' },
  ],
  [
    wsTrust2005,
    { namespace: 'http://schemas.xmlsoap.org/ws/2005/02/trust', keyType: 'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey' },
  ],
])

/** The version of an endpoint that nothing describes: its address shows it. */
export function guessAction(url: string): string | undefined {
  const [, version] = /\/trust\/(2005|13)\/usernamemixed/i.exec(url) ?? []
  return version && (version === '13' ? wsTrust13 : wsTrust2005)
}

/**
 * Whether a password may go to, or be asked for by, an address that the realm or its document names: the company's own host, by name and
 * over TLS. This machine itself is meant only where the authority is on it.
 */
export function isUsable(authority: Authority, value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, host, hostname, username, password } = new URL(value)
  if (username || password) return false
  if (isLoopback(hostname)) return isLoopback(authority.host) && /^https?:$/.test(protocol)
  if (protocol !== 'https:') return false
  return !/^\[|^[\d.]+$|(^|\.)localhost\.?$/.test(hostname) || authority.knownHosts.includes(host)
}
