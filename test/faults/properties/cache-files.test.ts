import { describe, expect, it } from 'vitest'
import { isAuthError } from '../../../src/core/index.ts'
import { signedIn } from '../../core/client/support.ts'

/** Every so many bits, and all of them with FULL=1. */
const stride = process.env.FULL ? 1 : 13

describe('S44 S48 S79 a cache file that was damaged', () => {
  it('cut at any byte is cache_invalid, and what was there stays', async () => {
    const { tokenCache, app, account, provider } = await signedIn()
    const whole = Buffer.from(tokenCache.serialize())
    for (let end = 1; end < whole.length; end++) {
      let thrown: unknown
      try {
        tokenCache.deserialize(whole.subarray(0, end).toString())
      } catch (error) {
        thrown = error
      }
      if (!isAuthError(thrown, 'cache_invalid')) throw new Error(`Cut at ${end}: ${thrown}`)
      if (end % 50 === 0) expect((await app.acquireTokenSilent({ scopes: ['User.Read'], account }))?.tokenSource).toBe('cache')
    }
    expect(tokenCache.serialize()).toBe(whole.toString())
    expect(provider.requests).toEqual([])
  })

  it('with any bit turned throws nothing but cache_invalid, and serves no token but the one that stands there', async () => {
    const { tokenCache, app, account, result, provider } = await signedIn()
    const whole = Buffer.from(tokenCache.serialize())
    const scopes = ['User.Read']
    let [refused, served, lost] = [0, 0, 0]
    for (let bit = 0; bit < whole.length * 8; bit += stride) {
      const turned = Buffer.from(whole)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      try {
        tokenCache.deserialize(turned.toString())
      } catch (error) {
        if (!isAuthError(error, 'cache_invalid')) throw error
        refused++
        continue
      }
      // Its refresh token, where there is one left, is refused: what counts is what the cache serves.
      provider.onToken = () => () => Response.json({ error: 'invalid_grant', suberror: 'consent_required' }, { status: 400 })
      const found = await app.acquireTokenSilent({ scopes, account })
      if (found) served++
      else lost++
      if (!found) continue
      const read = JSON.parse(turned.toString()) as { AccessToken: Record<string, { secret: string; home_account_id: string }> }
      const entities = Object.values(read.AccessToken)
      expect(entities.map(({ secret }) => secret)).toContain(found.accessToken)
      // The secret itself may be what was hit; nothing else may have taken its place.
      const differing = [...found.accessToken].filter((character, index) => character !== result.accessToken[index])
      expect(differing.length, `bit ${bit}`).toBeLessThanOrEqual(1)
      expect(({} as Record<string, unknown>).secret).toBeUndefined()
    }
    expect(Math.min(refused, served, lost)).toBeGreaterThan(10)
  }, 60_000)
})
