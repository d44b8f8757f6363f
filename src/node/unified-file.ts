import { cloudOf } from '../core/authority/clouds.ts'
import { type CredentialType, type Entity, type Entry, text } from '../core/cache/entities.ts'
import { partitionFor } from '../core/cache/filing.ts'
import { type Owner, Partitions } from '../core/cache/partitions.ts'
import { encodeBase64Url } from '../core/util/base64url-encode.ts'
import { sha256 } from '../core/util/crypto.ts'
import { isRecord, toRecord } from '../core/util/record.ts'

type Section = Record<string, unknown>

const sections: readonly string[] = ['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata'] satisfies CredentialType[]

/** A section of ours, by partition: what is no schema (an encrypted value), and when a partition may go. Other MSALs keep sections that they do not know. */
const ownSection = 'MsalIsomorphic'
interface Extra {
  value?: unknown
  /** Milliseconds since 1970. */
  expires_on?: unknown
}

/**
 * The content of a cache file in the unified schema, which MSAL Python, MSAL Node and MSAL .NET share, seen as partitions. Which entry
 * belongs to which partition is the rule that the cache in memory has.
 */
export class UnifiedFile {
  /** Whether anything was written or removed. */
  changed = false
  readonly #content: Record<string, unknown>
  /** The entries by partition; dropped by every change. */
  #index: Partitions | undefined

  private constructor(content: Record<string, unknown>) {
    this.#content = content
  }

  /** Undefined where the text is no such file. An empty one is an empty cache: other MSALs make the file before they fill it. */
  static parse(json: string): UnifiedFile | undefined {
    const content = json.trim() ? parseJson(json) : {}
    if (!isRecord(content)) return undefined
    const copy = toRecord(content)
    for (const name of [...sections, ownSection]) {
      const section = copy[name] ?? {}
      if (!isRecord(section)) return undefined
      copy[name] = toRecord(section)
    }
    return new UnifiedFile(copy)
  }

  async read(partition: string): Promise<{ value: string; version: string } | null> {
    const { value } = this.#extra(partition)
    if (typeof value === 'string') return { value, version: await digest(value) }
    const entries = this.#entries(partition)
    if (!entries.length) return null
    const clients = new Set(entries.map(({ entity }) => entity.client_id))
    const metadata = this.#partitions().shared.entries.filter(({ entity }) => clients.has(entity.client_id))
    // The metadata is every user's: a change of it is no conflict.
    return { value: serialize([...entries, ...metadata]), version: await digest(serialize(entries)) }
  }

  /** Puts a value in the place of what the partition holds, and drops the partitions whose time is over. */
  write(partition: string, value: string, ttl?: number): void {
    const { owned, metadata } = schemaEntries(partition, value) ?? {}
    this.remove(partition)
    this.#purge()
    this.changed = true
    const extra: Extra = owned ? {} : { value }
    // A person's entries are not ours alone: another MSAL may have renewed them, and the account is worth listing.
    const expendable = !owned || (owned.length > 0 && !partition.startsWith('user:'))
    if (ttl !== undefined && Number.isFinite(ttl) && expendable) extra.expires_on = Date.now() + ttl
    if (Object.keys(extra).length) this.#section(ownSection)[partition] = extra
    for (const { type, key, entity } of owned ?? []) {
      const section = this.#section(type)
      section[freeKey(section, key, entity)] = entity
    }
    for (const entry of metadata ?? []) this.#mergeMetadata(entry)
    this.#index = undefined
  }

  /** Removes what the partition holds; metadata of clients stays. */
  remove(partition: string): void {
    const entries = this.#entries(partition)
    const extras = this.#section(ownSection)
    if (!entries.length && !(partition in extras)) return
    for (const { type, key } of entries) delete this.#section(type)[key]
    delete extras[partition]
    this.changed = true
    this.#index = undefined
  }

  list(): Set<string> {
    const names = new Set<string>()
    for (const [name, extra] of Object.entries(this.#section(ownSection))) if (isRecord(extra) && 'value' in extra) names.add(name)
    const { users, apps, assertions } = this.#partitions()
    for (const user of users.keys()) names.add(`user:${user}`)
    for (const assertion of assertions.keys()) names.add(`assertion:${assertion}`)
    // One that is filed under several tenants goes by one of them.
    const appNames = new Map([...apps].map(([app, partition]) => [partition, `app:${app}`]))
    for (const name of appNames.values()) names.add(name)
    return names
  }

  toString(): string {
    const { [ownSection]: extras, ...content } = this.#content
    return JSON.stringify(Object.keys(extras as Section).length ? this.#content : content)
  }

  #section(name: string): Section {
    return this.#content[name] as Section
  }

  #extra(partition: string): Extra {
    const extra = this.#section(ownSection)[partition]
    return isRecord(extra) ? extra : {}
  }

  #partitions(): Partitions {
    if (this.#index) return this.#index
    this.#index = new Partitions()
    for (const type of sections as CredentialType[]) {
      for (const [key, entity] of Object.entries(this.#section(type))) if (isRecord(entity)) file(this.#index, { type, key, entity })
    }
    return this.#index
  }

  #entries(partition: string): readonly Entry[] {
    const owner = ownerNamed(partition)
    return (owner && this.#partitions().get(owner)?.entries) ?? []
  }

  #purge(): void {
    const now = Date.now()
    for (const partition of Object.keys(this.#section(ownSection))) {
      const { expires_on } = this.#extra(partition)
      if (typeof expires_on === 'number' && expires_on <= now) this.remove(partition)
    }
  }

  /** Nothing known is lost to a writer that knows less: an answer that names no family does not end a client's membership. */
  #mergeMetadata({ key, entity }: Entry): void {
    const section = this.#section('AppMetadata')
    const cloud = cloudOf(text(entity, 'environment'))
    const isTwin = (other: Entry) => other.entity.client_id === entity.client_id && cloudOf(text(other.entity, 'environment')) === cloud
    const [known, ...twins] = this.#partitions().shared.entries.filter(isTwin)
    this.#index = undefined
    if (!known) {
      section[freeKey(section, key, entity)] = entity
      return
    }
    // Other MSALs file the same under another name of the cloud.
    for (const { key } of twins) delete section[key]
    for (const { entity: newer } of [...twins, { entity }]) mergeKnown(known.entity, newer)
  }
}

/** Takes over what is said of a client, but for the name of its cloud and for what says nothing. */
function mergeKnown(known: Entity, entity: Entity): void {
  for (const [field, value] of Object.entries(entity)) {
    if (field !== 'environment' && (!(field in known) || (value !== null && value !== ''))) define(known, field, value)
  }
}

/** Whose partition a name means; undefined for one that follows no rule. */
function ownerNamed(partition: string): Owner | undefined {
  const colon = partition.indexOf(':')
  const id = partition.slice(colon + 1)
  if (!id) return undefined
  switch (partition.slice(0, Math.max(colon, 0))) {
    case 'user':
      return { user: id }
    case 'app':
      return { app: id }
    case 'assertion':
      return { assertion: id }
  }
  return undefined
}

/** The entries of a value; undefined where it is no schema, or where what it holds would be looked for in another partition. */
function schemaEntries(partition: string, value: string): { owned: Entry[]; metadata: Entry[] } | undefined {
  const owner = ownerNamed(partition)
  const content = owner && parseJson(value)
  if (!isRecord(content)) return undefined
  const memory = new Partitions()
  const owned: Entry[] = []
  for (const [type, section] of Object.entries(content)) {
    if (!sections.includes(type) || !isRecord(section)) return undefined
    for (const [key, entity] of Object.entries(section)) {
      if (!isRecord(entity)) return undefined
      const entry = { type: type as CredentialType, key, entity }
      file(memory, entry)
      if (type !== 'AppMetadata') owned.push(entry)
    }
  }
  const mine = memory.get(owner!)?.entries
  return owned.every((entry) => mine?.includes(entry)) ? { owned, metadata: memory.shared.entries } : undefined
}

const file = (memory: Partitions, entry: Entry) => partitionFor(memory, entry).load(entry)

/** Keys are written in lower case, in which those of two owners may look alike. */
function freeKey(section: Section, key: string, entity: Entity): string {
  let free = key
  while (free in section) free += ` ${entity.home_account_id}`
  return free
}

/** The same text for the same entries in whatever order. */
function serialize(entries: readonly Entry[]): string {
  const content: Record<string, Section> = {}
  for (const type of sections) {
    const of = entries.filter((entry) => entry.type === type).sort((a, b) => (a.key < b.key ? -1 : 1))
    if (of.length) content[type] = toRecord(Object.fromEntries(of.map(({ key, entity }) => [key, entity])))
  }
  return JSON.stringify(content)
}

const digest = async (value: string) => encodeBase64Url(await sha256(value))

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** Sets a field that may have any name, `__proto__` too. */
function define(entity: Entity, field: string, value: unknown): void {
  Object.defineProperty(entity, field, { value, writable: true, enumerable: true, configurable: true })
}
