import { inspect } from 'node:util'
import { expect } from 'vitest'

const mark = 'CANARY-'

/** A secret that a scan recognises. */
export const canary = (name: string): string => `${mark}${name}-0123456789abcdef`

/**
 * Where a value shows a secret: own, hidden and symbol properties, getters, causes, collections and everything that prints it.
 *
 * @param secrets further ones, or what they look like, which are no canaries because somebody else has made them: a nonce, a code verifier
 */
export function leaks(value: unknown, secrets: readonly (string | RegExp)[] = []): string[] {
  const found = new Set<string>()
  walk(value, 'value', {
    seen: new Set(),
    found,
    secrets: [mark, ...secrets.filter((secret) => typeof secret !== 'string' || secret.length >= 8)],
  })
  return [...found]
}

/** Fails where anything reachable from the value shows a secret. */
export function expectNoCanary(value: unknown, secrets?: readonly (string | RegExp)[]): void {
  expect(leaks(value, secrets)).toEqual([])
}

interface Scan {
  seen: Set<unknown>
  found: Set<string>
  secrets: readonly (string | RegExp)[]
}

function walk(value: unknown, path: string, scan: Scan): void {
  const { seen, found, secrets } = scan
  const look = (text: unknown, where: string) => {
    if (typeof text !== 'string') return
    const forms = [text, decoded(text)]
    const isIn = (form: string) => secrets.some((secret) => (typeof secret === 'string' ? form.includes(secret) : secret.test(form)))
    if (forms.some(isIn)) found.add(where)
  }
  look(typeof value === 'symbol' ? String(value) : value, path)
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return
  seen.add(value)
  const attempt = (where: string, read: () => unknown) => {
    try {
      walk(read(), where, scan)
    } catch {
      // What throws shows nothing.
    }
  }
  for (let owner: object | null = value; owner && (owner === value || !native(owner)); owner = Object.getPrototypeOf(owner)) {
    for (const key of Reflect.ownKeys(owner)) {
      if (key === 'constructor' || key === 'prototype') continue
      const where = `${path}.${String(key)}`
      look(String(key), where)
      attempt(where, () => Reflect.get(owner, key, value))
    }
  }
  if (Symbol.iterator in value && !Array.isArray(value)) attempt(`${path}[…]`, () => [...(value as Iterable<unknown>)])
  if (ArrayBuffer.isView(value)) attempt(`${path} as text`, () => new TextDecoder().decode(value as Uint8Array))
  attempt(`${path}.toJSON()`, () => (value as { toJSON: () => unknown }).toJSON())
  attempt(`${path}.toString()`, () => String(value))
  attempt(`${path} as JSON`, () => JSON.stringify(value))
  if (seen.size === 1 || value instanceof Error)
    attempt(`${path} inspected`, () => inspect(value, { showHidden: true, depth: null, getters: true, maxStringLength: null }))
}

const natives = [Object, Function, Array, Map, Set, Error, URL, URLSearchParams, Headers, FormData, Response, Request, ArrayBuffer, Promise]
const native = (owner: object) => natives.some(({ prototype }) => owner === prototype)

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
