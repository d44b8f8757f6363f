import { describe, expect, it } from 'vitest'
import { AuthError } from '../../../src/core/errors.ts'
import { decorate } from '../../../src/core/oauth/requested-scopes.ts'
import { checkScopes, scopeKey, splitScopes } from '../../../src/core/oauth/scopes.ts'

function codeOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError)
    return (error as AuthError).code
  }
}

const check = (scopes: unknown, options?: Parameters<typeof checkScopes>[1]) => codeOf(() => checkScopes(scopes as string[], options))

describe('scopes of a caller', () => {
  it.each([[['User.Read']], [['https://graph.microsoft.com/.default', 'api://id/x']], [['6731de76-14a6-49ae-97bc-6eba6914391e']]])(
    '%j are fine',
    (scopes) => {
      expect(checkScopes(scopes)).toEqual(scopes)
    },
  )

  it.each(['openid', 'profile', 'offline_access'])('%s is scopes_reserved, unless it may be named', (scope) => {
    expect(check([scope])).toBe('scopes_reserved')
    expect(check(['User.Read', scope])).toBe('scopes_reserved')
    expect(check([scope], { empty: true })).toBe('scopes_reserved')
    expect(check([scope], { reservedToo: true })).toBeUndefined()
  })

  it.each([[[]], [undefined], [null]])('%j is scopes_empty, unless it may be', (scopes) => {
    expect(check(scopes)).toBe('scopes_empty')
    expect(check(scopes, { reservedToo: true })).toBe('scopes_empty')
    expect(checkScopes(scopes as undefined, { empty: true })).toEqual([])
  })

  it.each([['User.Read'], [{ 0: 'a' }], [[1]], [['']], [['a b']], [['a\n']], [['"']], [['\\']], [[null]], [new Set(['a'])], [42]])(
    '%j is invalid_argument',
    (scopes) => {
      expect(check(scopes)).toBe('invalid_argument')
    },
  )
})

describe('decorate', () => {
  it('adds the reserved scopes, once, and sorts by code points', () => {
    expect(decorate(['User.Read', 'Mail.Read']).join(' ')).toBe('Mail.Read User.Read offline_access openid profile')
    expect(decorate(['a', 'a']).join(' ')).toBe('a offline_access openid profile')
    expect(decorate([]).join(' ')).toBe('offline_access openid profile')
  })

  it('leaves out what is excluded', () => {
    expect(decorate(['a', 'b'], ['offline_access', 'b']).join(' ')).toBe('a openid profile')
  })

  it('treats the own client id as an ordinary scope', () => {
    expect(decorate(['6731de76-14a6-49ae-97bc-6eba6914391e'])).toHaveLength(4)
  })
})

describe('splitScopes', () => {
  it.each([
    ['a b', ['a', 'b']],
    [' a  b\n', ['a', 'b']],
    ['', []],
    ['  ', []],
  ])('%j', (text, scopes) => {
    expect(splitScopes(text)).toEqual(scopes)
  })
})

describe('S45 C12: scopeKey', () => {
  it('is the same for each order and case, with or without the reserved scopes', () => {
    const key = scopeKey(['User.Read', 'Mail.Read'])
    for (const same of [
      ['mail.read', 'user.read'],
      ['USER.READ', 'Mail.Read', 'openid', 'profile', 'offline_access'],
      ['User.Read', 'user.read', 'Mail.Read'],
    ])
      expect(scopeKey(same)).toBe(key)
  })

  it('of a single scope does not depend on its case', () => {
    expect(scopeKey(['User.Read'])).toBe(scopeKey(['user.READ']))
    expect(scopeKey(['User.Read'])).toBe(scopeKey(['user.read', 'openid']))
  })

  it('tells other scopes apart', () => {
    const keys = [['a'], ['b'], ['a', 'b'], ['ab'], ['a', 'b', 'c'], ['openid']].map((scopes) => scopeKey(scopes))
    expect(new Set(keys).size).toBe(keys.length)
  })
})
