import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { retryAfter } from '../../../src/core/http/retry-after.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 10, 6, 8, 49, 0), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const read = (value: string) => retryAfter(new Headers({ 'Retry-After': value }))

describe('S32 Retry-After', () => {
  it.each([
    ['0', 0],
    ['1', 1000],
    ['120', 120_000],
    [' 7 ', 7000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['1000000000', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Wed, 06 Nov 2030 08:49:37 GMT', 37_000],
    ['Wednesday, 06-Nov-30 08:49:37 GMT', 37_000],
    ['Wed Nov  6 08:49:37 2030', 37_000],
    ['Sat Nov 16 08:49:37 2030', 3_600_000],
    ['Sun Nov  6 08:49:37 1994', 0],
    ['Wed, 06 Nov 2030 08:48:00 GMT', 0],
    ['Thu, 06 Nov 2031 08:49:37 GMT', 3_600_000],
  ])('%s is %d ms', (value, wait) => expect(read(value)).toBe(wait))

  it.each([
    '',
    'x',
    '-1',
    '+1',
    '1.5',
    '1e9',
    '0x10',
    '1, 2',
    '١',
    'Infinity',
    'NaN',
    'Wed, 06 Nov 2030 08:49:37',
    'Wed, 06 Nov 2030 08:49:37 PST',
    '2030-11-06T08:49:37Z',
    'Wed, 99 Nov 2030 08:49:37 GMT',
    'Wed Nov 6 08:49:37 2030',
    'Wed Nov  6 08:49:37 30',
    'Wed Nov 99 08:49:37 2030',
    'Wed Nov  6 08:49:37 2030 PST',
    'Wed Nov  6 2030 08:49:37',
    'Wednesday Nov  6 08:49:37 2030',
    'Wed, 06 Xyz 2030 08:49:37 GMT',
  ])('%s means nothing', (value) => expect(retryAfter({ get: () => value } as unknown as Headers)).toBeUndefined())

  it('a date without a zone is GMT, wherever one is', () => {
    vi.stubEnv('TZ', 'America/New_York')
    try {
      expect(new Date().getTimezoneOffset()).not.toBe(0)
      expect(read('Wed Nov  6 08:49:37 2030')).toBe(37_000)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('absent means nothing', () => expect(retryAfter(new Headers())).toBeUndefined())
})
