/** Throws unless two values are the same, or two plain structures hold the same. */
export function equal(actual, expected, what = 'the value') {
  if (!same(actual, expected)) throw new Error(`${what} should be ${shown(expected)}, and is ${shown(actual)}`)
}

export function ok(condition, what) {
  if (!condition) throw new Error(`it should hold that ${what}`)
}

/** Throws unless an object has the properties given, whatever else it has. */
export function like(actual, expected, what = 'the value') {
  for (const [name, value] of Object.entries(expected)) equal(actual?.[name], value, `${what}.${name}`)
}

/** What a promise rejects with; throws when it resolves. */
export async function failure(promise) {
  const outcome = await Promise.resolve(promise).then(
    (value) => ({ value }),
    (error) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`it should be rejected, and resolves to ${shown(outcome.value)}`)
  return outcome.error
}

function same(one, other) {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
}

const shown = (value) => (value instanceof Error ? String(value) : (JSON.stringify(value)?.slice(0, 300) ?? String(value)))
