import { expect, it } from 'vitest'
import { check } from './checker.ts'
import type { Call, Change, Incident, Log, Use } from './log.ts'

const minute = 60_000
const signIn: Change = { kind: 'sign-in', user: 'ann', session: 0, from: 0, to: 10 }
const use = (at: number, rest: Partial<Use> = {}): Use => ({
  ...{ at, user: 'ann', session: 0, token: 'rt', process: 'p0', outcome: 'rotated', spentAt: at + 5, end: at + 10, delivered: true },
  ...rest,
})
const call = (from: number, rest: Partial<Call> = {}): Call => ({ process: 'p0', user: 'ann', from, to: from + 10, ...rest })
const incident = (kind: Incident['kind'], from: number, to = from): Incident => ({ process: 'p0', kind, from, to })

const rulesBroken = (log: Partial<Log>) => {
  const empty = { from: 0, to: minute, uses: [], calls: [], incidents: [], changes: [], looks: [], heaps: [], torn: [], verdicts: [] }
  return check({ ...empty, revoked: new Map(), ...log }).violations.map(({ rule }) => rule)
}

const twice = 'no refresh token is used twice'
const second = use(1000, { process: 'p1', outcome: 'refused' })

it.each<[string, Partial<Log>, string[]]>([
  ['two tokens, one use each', { uses: [use(0), use(1000, { token: 'next' })] }, []],
  ['a token that was spent is sent again', { uses: [use(0), second] }, [twice]],
  ['… after its answer was lost', { uses: [use(0, { mood: 'a reset after' }), second] }, []],
  ['… after a fault that had not spent it', { uses: [use(0, { mood: 'a reset before', outcome: 'failed' }), use(1000)] }, []],
  ['… after its process was killed', { uses: [use(0), second], incidents: [incident('killed', 8)] }, []],
  ['… after another process was killed', { uses: [use(0), second], incidents: [{ ...incident('killed', 8), process: 'p2' }] }, [twice]],
  [
    '… after its process was killed, much later',
    { uses: [use(0), { ...second, at: minute }], incidents: [incident('killed', 30_000)] },
    [twice],
  ],
  ['… after a freeze', { uses: [use(0), second], incidents: [incident('frozen', 2, 6000)] }, []],
  ['… after a freeze that is shorter than any lease', { uses: [use(0), second], incidents: [incident('frozen', 2, 1000)] }, [twice]],
  [
    '… after its clock was set back',
    { uses: [use(0), second], incidents: [{ ...incident('clock', 0, minute), detail: '-3600000' }] },
    [twice],
  ],
  ['one that nobody had spent is refused', { uses: [use(0, { outcome: 'refused' })] }, [twice]],
  [
    'a request while another is in flight',
    { uses: [use(0, { end: 2000 }), use(1000, { token: 'x' })] },
    ['one token request in flight per user'],
  ],
  ['… of another user', { uses: [use(0, { end: 2000 }), use(1000, { user: 'bob', token: 'x' })] }, []],
  ["another user's token", { calls: [call(0, { session: 1, tokenOf: 'bob' })] }, ['no foreign token']],
  ['an error', { calls: [call(0, { error: 'unreachable' })] }, ['no error without a fault']],
  [
    '… after a fault',
    { calls: [call(100, { error: 'unreachable' })], uses: [use(100, { mood: 'a reset before', outcome: 'failed' })] },
    [],
  ],
  [
    '… while a clock is an hour behind',
    {
      calls: [call(100, { error: 'id_token_invalid' })],
      incidents: [{ ...incident('clock', 0, minute), detail: '-3600000' }],
    },
    ['no error without a fault'],
  ],
  [
    '… long after it',
    { calls: [call(minute, { error: 'throttled' })], uses: [use(0, { mood: 'a 429 with Retry-After' })] },
    ['no error without a fault'],
  ],
  ['nobody is signed in', { changes: [signIn], calls: [call(minute, { session: null })] }, ['no session is lost without an invalid_grant']],
  ['… after an invalid_grant', { changes: [signIn], calls: [call(minute, { session: null })], revoked: new Map([[0, 30_000]]) }, []],
  [
    '… whose store has failed',
    { changes: [signIn], calls: [call(minute, { session: null })], incidents: [incident('store failed', minute)] },
    [],
  ],
  [
    '… after a sign-out',
    { changes: [signIn, { ...signIn, kind: 'sign-out', from: 900, to: 950 }], calls: [call(minute, { session: null })] },
    [],
  ],
])('%s: %j breaks %j', (_name, log, rules) => expect(rulesBroken(log)).toEqual(rules))

it('a token of a session that has ended, and what is left in the store', () => {
  const changes: Change[] = [signIn, { ...signIn, kind: 'sign-out', from: 900, to: 950 }]
  const rule = 'nothing of a signed-out user comes back'
  expect(rulesBroken({ changes, calls: [call(1000, { session: 0, tokenOf: 'ann' })] }), 'memory is trusted for a moment').toEqual([])
  expect(rulesBroken({ changes, calls: [call(1300, { session: 0, tokenOf: 'ann' })] })).toEqual([rule])
  expect(rulesBroken({ changes, looks: [{ user: 'ann', at: 5000, found: [] }] })).toEqual([])
  expect(rulesBroken({ changes, looks: [{ user: 'ann', at: 5000, found: ['rt'] }] })).toEqual([rule])
})

it('a long soak in which nothing went wrong', () => {
  const broken = rulesBroken({ to: 20 * minute })
  expect(broken.length).toBeGreaterThan(8)
  expect(new Set(broken)).toEqual(new Set(['all that was to happen has happened']))
})

it('a heap that grows, a torn document, somebody who is not served in the end', () => {
  const heaps = (growth: number) =>
    Array.from({ length: 60 }, (_, index) => ({ process: 'p0', at: index * 10_000, used: 10_000_000 + index * growth }))
  expect(rulesBroken({ heaps: heaps(10_000) })).toEqual([])
  expect(rulesBroken({ heaps: heaps(200_000) })).toEqual(['the heap is flat'])
  expect(rulesBroken({ torn: ['{'] })).toEqual(['a document in the store is whole'])
  const verdicts = [{ process: 'p0', user: 'ann', expected: 0, got: 'nothing' }]
  expect(rulesBroken({ verdicts })).toEqual(['when all is well, everybody is served'])
})
