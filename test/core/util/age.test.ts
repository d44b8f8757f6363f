import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { isYoung } from '../../../src/core/util/age.ts'

const now = 1_700_000_000_000
beforeEach(() => void vi.useFakeTimers({ now, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

it.each([
  [now, true],
  [now - 999, true],
  [now - 1000, false],
  [0, false],
  [now + 1, false],
  [now + 3_600_000, false],
  [undefined, false],
  [Number.NaN, false],
])('S67 since %j, for a second: %j', (since, young) => expect(isYoung(since, 1000)).toBe(young))
