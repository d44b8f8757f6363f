import { ClientConfigurationError } from '../errors.ts'
import { isRecord } from '../util/record.ts'
import { type CredentialType, targetOf } from './entities.ts'
import type { Partitions } from './partitions.ts'
import { entriesOf } from './sections.ts'

/** Copies of the entries whose fields equal those of a query. */
export function findEntities(
  memory: Partitions,
  credentialType: CredentialType,
  query: { target?: readonly string[] } & Record<string, unknown>,
): object[] {
  if (typeof credentialType !== 'string' || !isRecord(query) || !Array.isArray(query.target ?? []))
    throw new ClientConfigurationError('invalid_argument', 'A query has the name of a section, and fields.')
  const { target = [], ...fields } = query
  const found: object[] = []
  for (const { type, entity } of entriesOf(memory)) {
    if (type !== credentialType || !Object.entries(fields).every(([field, value]) => sameValue(entity[field], value))) continue
    const granted = targetOf(entity).map((scope) => scope.toLowerCase())
    if (target.every((scope) => granted.includes(scope.toLowerCase()))) found.push({ ...entity })
  }
  return found
}

/** "No user" is written as null or as an empty string. */
const sameValue = (stored: unknown, wanted: unknown) => (stored ?? '') === (wanted ?? '')
