import { isRecord, toRecord } from '../util/record.ts'
import { type CredentialType, type Entity, type Entry, text } from './entities.ts'
import type { Partitions } from './partitions.ts'

const types: readonly string[] = ['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata'] satisfies CredentialType[]

/** Sections, and entries that are no objects: other libraries' business, kept as they came. */
export type Foreign = Record<string, unknown>

export interface Content {
  entries: Entry[]
  foreign: Foreign
}

/** Reads the unified schema; undefined where a text is no JSON object. What nests too deep to be any library's is left out. */
export function readSections(text: string): Content | undefined {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {}
  if (!isRecord(content)) return undefined
  const entries: Entry[] = []
  const foreign: Foreign = toRecord()
  for (const [section, value] of Object.entries(content)) {
    const known = types.includes(section)
    if (!isRecord(value)) {
      if (!known && nestsAtMost(32, value)) foreign[section] = value
      continue
    }
    const others: Foreign = toRecord()
    for (const [key, entity] of Object.entries(value)) {
      if (!nestsAtMost(32, entity)) continue
      if (known && isRecord(entity)) entries.push({ type: section as CredentialType, key, entity })
      else others[key] = entity
    }
    if (!known || Object.keys(others).length) foreign[section] = others
  }
  return { entries, foreign }
}

/** What prints a value later recurses as deep as it goes. */
const nestsAtMost = (levels: number, value: unknown): boolean =>
  typeof value !== 'object' || !value || (levels > 0 && Object.values(value).every((item) => nestsAtMost(levels - 1, item)))

/** All entries in memory. */
export function* entriesOf({ shared, users, apps, assertions }: Partitions): IterableIterator<Entry> {
  for (const partitions of [[shared], users.values(), new Set(apps.values()), assertions.values()]) {
    for (const partition of partitions) yield* partition.entries
  }
}

/** Writes the unified schema: the sections that have content, or all that it knows. */
export function writeSections(entries: Iterable<Entry>, foreign: Foreign, { all = false } = {}): string {
  const content: Record<string, Record<string, Entity>> = toRecord()
  if (all) for (const type of types) content[type] = toRecord()
  for (const { type, key, entity } of entries) {
    content[type] ??= toRecord()
    const section = content[type]
    // Keys are written in lower case, in which two owners may look alike, and without what a token is bound to.
    let name = key || keyOf(type, entity)
    while (name in section) name += '+'
    section[name] = entity
  }
  for (const [section, value] of Object.entries(foreign)) {
    content[section] = section in content ? { ...(value as object), ...content[section] } : (value as never)
  }
  return JSON.stringify(content)
}

/** The key that MSAL Python gives an entry. */
function keyOf(type: CredentialType, entity: Entity): string {
  const field = (name: string) => text(entity, name)
  if (type === 'AppMetadata') return `appmetadata-${field('environment')}-${field('client_id')}`
  const owner = `${field('home_account_id')}-${field('environment')}`
  if (type === 'Account') return `${owner}-${field('realm')}`.toLowerCase()
  const realm = type === 'RefreshToken' ? '' : field('realm')
  const target = type === 'IdToken' ? '' : field('target')
  return `${owner}-${type}-${field('client_id')}-${realm}-${target}`.toLowerCase()
}
