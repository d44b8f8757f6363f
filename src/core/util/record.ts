/** Whether a value is a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A shallow copy without a prototype, for keys that come from outside; empty where nothing is given. */
export function toRecord<T = unknown>(source?: Readonly<Record<string, T>>): Record<string, T> {
  return Object.assign(Object.create(null), source)
}

/** Parses a JSON object; undefined for everything else. No object in it has a prototype, and it nests at most 32 levels. */
export function parseRecord(text: string): Record<string, unknown> | undefined {
  try {
    const value = withoutPrototypes(JSON.parse(text), 32)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function withoutPrototypes(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || !value) return value
  // What reads or prints the value later may recurse as deep as it goes.
  if (!levels) throw new RangeError()
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item, levels - 1))
  const copy = toRecord()
  for (const [key, item] of Object.entries(value)) copy[key] = withoutPrototypes(item, levels - 1)
  return copy
}
