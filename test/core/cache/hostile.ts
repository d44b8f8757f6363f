/** A generator of numbers that a seed repeats (mulberry32). */
export function random(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: <T>(items: readonly T[]): T => items[below(items.length)]!, chance: (part: number) => next() < part }
}

type Random = ReturnType<typeof random>

export const types = ['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata']
const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '',
  '\u0000',
  'a'.repeat(500),
  '../..',
  '-',
]
const fields = [
  ...['secret', 'home_account_id', 'environment', 'client_id', 'realm', 'target', 'expires_on', 'cached_at', 'refresh_on', 'authority'],
  ...['family_id', 'user_assertion_hash', 'userAssertionHash', 'token_type', 'key_id', 'username', 'local_account_id', 'credential_type'],
]

/** JSON text of a value that nobody expects. Text, because an object cannot hold all of it. */
function oddValue(r: Random): string {
  return r.pick<() => string>([
    () => r.pick(['null', 'true', '0', '-1', '1e308', '1e999', '[]', '{}', '""', '"NaN"', '"Infinity"', '"-5"', '"0x10"', '" "', '[[]]']),
    () => JSON.stringify(r.pick(names)),
    () => JSON.stringify('x'.repeat(r.chance(0.02) ? 100_000 : 10 ** r.below(4))),
    () => JSON.stringify(r.pick(['https://', 'http://[', 'javascript:1', '\ud800', '💥', 'a.b.c.d', '.', '..', 'common', 'eyJ.eyJ.x'])),
    () => '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    () => `{"toString":1,"valueOf":null,"length":-1}`,
    () => {
      const depth = 5 + r.below(r.chance(0.02) ? 20_000 : 100)
      return `${'['.repeat(depth)}1${']'.repeat(depth)}`
    },
    () => {
      const depth = 5 + r.below(r.chance(0.02) ? 5000 : 100)
      return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    },
  ])()
}

/** An entry whose fields are partly right, partly odd, partly absent, as JSON text. */
function oddEntry(r: Random, base: Record<string, unknown>): string {
  if (r.chance(0.15)) return oddValue(r)
  const members: string[] = []
  for (const [name, value] of Object.entries(base)) {
    if (r.chance(0.15)) continue
    members.push(`${JSON.stringify(name)}:${r.chance(0.35) ? oddValue(r) : JSON.stringify(value)}`)
  }
  for (let count = r.below(3); count; count--) {
    members.push(`${JSON.stringify(r.chance(0.5) ? r.pick(names) : r.pick(fields))}:${oddValue(r)}`)
  }
  return `{${members.join()}}`
}

type Sections = Record<string, Record<string, Record<string, unknown>>>

/**
 * A cache as JSON text: the valid entries as they are, and broken ones of other owners or with other keys beside them. `broken` makes of an
 * entry what may go beside it.
 */
export function besideBroken(r: Random, valid: Sections, broken: (entity: Record<string, unknown>) => Record<string, unknown>): string {
  const text = (value: unknown) => JSON.stringify(value)
  const models = Object.entries(valid).flatMap(([type, entries]) => Object.values(entries).map((entity) => ({ type, entity })))
  const sections = Object.entries(valid).map(([type, entries]) => {
    const members = Object.entries(entries).map(([key, entity]) => `${text(key)}:${text(entity)}`)
    for (let count = r.below(4); count; count--) {
      const key = `${r.chance(0.5) ? r.pick(names) : ''}broken-${members.length}-${r.chance(0.2) ? '__proto__' : ''}`
      const model = r.pick(models.some((each) => each.type === type) ? models.filter((each) => each.type === type) : models)
      members.splice(r.below(members.length + 1), 0, `${text(r.chance(0.1) ? '__proto__' : key)}:${oddEntry(r, broken(model.entity))}`)
    }
    return `${text(type)}:{${members.join()}}`
  })
  for (let count = r.below(3); count; count--) {
    const name = r.pick([...names, 'Custom', 'Unknown', 'accesstoken'])
    sections.splice(
      r.below(sections.length + 1),
      0,
      `${text(name)}:${r.chance(0.5) ? oddValue(r) : `{"x":${oddEntry(r, models[0]!.entity)}}`}`,
    )
  }
  return `{${sections.join()}}`
}

/** Breaks a text at random: cut, doubled, bits turned, pieces exchanged. */
export function damaged(r: Random, text: string): string {
  const at = r.below(text.length + 1)
  return r.pick<() => string>([
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + String.fromCharCode(r.below(0x10000)) + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(r.below(text.length + 1)),
    () => text + text,
    () => text.replaceAll(r.pick(['"', ':', '{', '}', 'secret', 'AccessToken', '1']), () => r.pick(['"', '', '{', '__proto__', 'null'])),
    () => r.pick(['', 'null', '[]', '1', '"text"', '\ufeff{}', '{', '<html>', '\u0000', '[[[[']),
  ])()
}
