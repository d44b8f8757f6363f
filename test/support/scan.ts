/** Runs before each test file: whatever error of ours a test brings about is looked through for secrets once the test is over, and says something. */
import { afterEach, expect } from 'vitest'
import { AuthError } from '../../src/core/errors.ts'
import { leaks } from './canary.ts'

/** What the providers of the tests issue. */
const issued = /\b(at|rt|code)-\d+\b/
/** Some tests make thousands, all alike. */
const most = 200

const seen = new Set<unknown>()

/** Has something looked through too: a record of a log, for instance. */
export const scan = (value: unknown): void => {
  if (seen.size < most) seen.add(value)
}

/** What a test has made with a secret on purpose. */
export const forget = (): void => seen.clear()

// Every class of errors assigns its code; here the assignment is heard of, and done.
Object.defineProperty(AuthError.prototype, 'code', {
  configurable: true,
  set(this: AuthError, value: unknown) {
    Object.defineProperty(this, 'code', { value, configurable: true, enumerable: true, writable: true })
    scan(this)
  },
})

afterEach(() => {
  const mute = [...seen].filter((value) => value instanceof AuthError && !value.message).map((error) => (error as AuthError).code)
  const found = [...seen].flatMap((value) => leaks(value, [issued]).map((where) => `${where}: ${String(value).slice(0, 200)}`))
  seen.clear()
  expect(mute, 'an error says nothing').toEqual([])
  expect(found, 'S69 S70: an error or a log record shows a secret').toEqual([])
})
