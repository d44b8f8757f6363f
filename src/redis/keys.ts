import { ClientConfigurationError } from '../core/index.ts'

/** Where a partition's things are. */
export interface Keys {
  value: string
  lock: string
  fence: string
}

/**
 * A partition's keys: the prefix, then its name in braces, then what it is. In a cluster the name in braces decides the node (unless the
 * prefix has braces of its own), so that one script can reach all three. A name has no brace left in it; so the last pair of braces tells
 * prefix, name and kind apart, and no two partitions, kinds or prefixes meet.
 */
export function keysOf(prefix: string, partition: string): Keys {
  const value = `${prefix}{${escapeName(partition)}}`
  return { value, lock: `${value}:lock`, fence: `${value}:fence` }
}

/** Braces would end the name; half a surrogate pair would not survive UTF-8; an empty pair of braces decides no node. */
function escapeName(name: string): string {
  if (name === '') return '%'
  return name.replace(/[%{}]|\p{Surrogate}/gu, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The partition of an escaped name; undefined where it is none: a key of another prefix that begins with this one. */
export function partitionOf(name: string): string | undefined {
  if (name === '%') return ''
  if (name === '' || /[{}]/.test(name)) return undefined
  return name.replace(/%([0-9a-f]{4})/g, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)))
}

/** An empty pair of braces would let a cluster put a value and its lock on different nodes. */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== 'string' || /^[^{]*\{\}/.test(prefix)) {
    throw new ClientConfigurationError('invalid_argument', 'The prefix must be a text without an empty pair of braces.')
  }
}
