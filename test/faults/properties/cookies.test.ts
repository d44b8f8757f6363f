import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuthCodeFlow } from '../../../src/core/index.ts'
import { isAuthError } from '../../../src/core/index.ts'
import { flowCookies, readFlowCookie, readSessionCookie, sessionCookie } from '../../../src/edge/index.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'
import { runs } from '../../support/property.ts'

const key = randomBytes(32).toString('base64')
const account = { homeAccountId: 'oid.tid', tenantId: 'tid' }
const state = canary('state')
const flow = (): AuthCodeFlow => ({
  authUri: `https://idp.example/authorize?state=${state}`,
  state,
  expiresAt: Date.now() + 600_000,
  codeVerifier: canary('verifier'),
  nonce: canary('nonce'),
})
const pairOf = (setCookie: string) => setCookie.split(';')[0]!
const request = (cookie: string, query = `?code=c&state=${state}`) =>
  new Request(`https://app.example/callback${query}`, { headers: { cookie } })

/** A header may hold these bytes only; a Request refuses the others before anybody else sees them. */
const headerText = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')

async function rejected(work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => expect.unreachable('it was accepted'),
    (reason: unknown) => reason,
  )
  if (!isAuthError(error)) throw error
  expect(error.name).toBe('ClientAuthError')
  expectNoCanary(error)
}

describe('S74 S79 a cookie that was changed', () => {
  it('in any byte of its value is no session', async () => {
    const pair = pairOf(await sessionCookie(account, key))
    expect(await readSessionCookie(request(pair), key)).toMatchObject(account)
    for (let at = pair.indexOf('=') + 1; at < pair.length; at++) {
      const other = String.fromCharCode(pair.charCodeAt(at) ^ 1)
      expect(await readSessionCookie(request(pair.slice(0, at) + other + pair.slice(at + 1)), key), `at ${at}`).toBeNull()
    }
  })

  it('in any byte, its name too, is no sign-in', async () => {
    const pair = pairOf((await flowCookies(flow(), key))[0]!)
    expect((await readFlowCookie(request(pair), key)).flow.state).toBe(state)
    for (let at = 0; at < pair.length; at++) {
      const other = String.fromCharCode(pair.charCodeAt(at) ^ 1)
      await rejected(readFlowCookie(request(pair.slice(0, at) + other + pair.slice(at + 1)), key))
    }
  })
})

describe('S76 S79 whatever a request brings', () => {
  it('5 000 cookie headers: nobody, or the one who signed in, and never anything else', async () => {
    const [good] = await Promise.all([sessionCookie(account, key).then(pairOf)])
    const flowPair = pairOf((await flowCookies(flow(), key))[0]!)
    const piece = fc.oneof(
      fc.constantFrom(';', '=', ' ', '; ', '__Host-session=', '__Host-flow-', '"', '%00', '.', ',', '\t', '__proto__=1', good, flowPair),
      fc.string({ unit: 'binary' }).map(headerText),
      fc.nat(good.length).map((end) => good.slice(0, end)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const header = pieces.join('')
        const session = await readSessionCookie(request(header), key)
        if (session) expect(session).toMatchObject(account)
        if (session) expect(header).toContain(good)
        await readFlowCookie(request(header), key).then(
          ({ flow: found }) => expect([header.includes(flowPair), found.state]).toEqual([true, state]),
          (error) => rejected(Promise.reject(error)),
        )
      }),
      runs(5000),
    )
  }, 60_000)

  it('any query is an AuthError, for there is no such sign-in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), async (text, asState) => {
        const query = asState ? `?state=${encodeURIComponent(text.replace(/\p{Cs}/gu, ''))}` : `?${text}`
        await rejected(readFlowCookie(request('', query), key))
      }),
      runs(500),
    )
  })
})
