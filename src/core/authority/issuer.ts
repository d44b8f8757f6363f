import { ClientAuthError } from '../errors.ts'
import { guid, type Metadata } from './metadata.ts'

/** The issuer that a token must name; a multi-tenant issuer takes the tenant from the token itself. */
export function expectedIssuer({ issuer }: Metadata, tid: unknown): string {
  if (!issuer.includes('{tenantid}')) return issuer
  if (typeof tid !== 'string' || !guid.test(tid)) throw new ClientAuthError('issuer_mismatch', 'The id token names no tenant.')
  return issuer.replaceAll('{tenantid}', tid)
}

/** Whether an authorization response's `iss` (RFC 9207) is this issuer. */
export function isIssuer(issuer: string, iss: string): boolean {
  if (!issuer.includes('{tenantid}')) return iss === issuer
  const [before, after] = issuer.split('{tenantid}') as [string, string]
  return iss.startsWith(before) && iss.endsWith(after) && guid.test(iss.slice(before.length, iss.length - after.length))
}
