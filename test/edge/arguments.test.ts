import { expect, it, onTestFinished, vi } from 'vitest'
import { isAuthError } from '../../src/core/index.ts'
import { validateAccessToken } from '../../src/edge/index.ts'
import { authorities, claimsOf, contoso, microsoft, sign, signingKey } from './token-support.ts'

const values = [undefined, null, 0, 5, '', 'text', {}, [], () => {}, Symbol('x'), 1n, new Date(0), Number.NaN]
const authority = `${microsoft}/${contoso}`
const key = signingKey('k')

it('S72 S76 validateAccessToken rejects with errors of ours only, whatever it is given', async () => {
  const token = await sign(key, claimsOf())
  const { fetch } = authorities({ [`${authority}/v2.0`]: {} }, key)
  vi.stubGlobal('fetch', fetch)
  onTestFinished(() => void vi.unstubAllGlobals())
  const good = { audience: 'api://notes', authority, fetch }
  const names = ['audience', 'authority', 'scopes', 'roles', 'knownAuthorities', 'fetch']
  const options = values.flatMap((value) => [value, ...names.flatMap((name) => [value, [value]].map((it) => ({ ...good, [name]: it })))])
  const outcomes = new Map<string, number>()
  for (const one of [good, ...options]) {
    for (const given of one === good ? [token] : [token, ...values, 'a.b.c', `${token}x`]) {
      const work = validateAccessToken(given as never, one as never)
      expect(work).toBeInstanceOf(Promise)
      const outcome = await work.then(
        () => 'valid',
        (error) => {
          if (!isAuthError(error)) throw error
          return error.code
        },
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['valid', 'invalid_argument', 'id_token_invalid', 'authority_invalid']))
})
