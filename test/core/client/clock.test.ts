import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeProvider } from '../../support/fake-provider.ts'
import { codeOf, confidentialClient, publicClient, scopes, signedIn } from './support.ts'

const start = Date.UTC(2030, 0, 1)
const hour = 3600_000
/** A token of an hour is renewed five minutes before its end. */
const life = hour - 300_000
const offsets = [-2, -1, 1, 2]

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** A provider whose clock is right and whose refresh tokens are good for one use, and a device whose clock may be wrong. */
function world() {
  const provider = new FakeProvider()
  provider.strictRotation = true
  let time = start
  const requests: number[] = []
  provider.onToken = () => {
    requests.push(time)
    return undefined
  }
  const set = (to: number, hours: number) => {
    time = to
    vi.setSystemTime(time + hours * hour)
    provider.clockOffset = -hours * hour
  }
  return {
    provider,
    /** When tokens were asked for, by the true time. */
    requests,
    setClockOff: (hours: number) => set(time, hours),
    later: (milliseconds: number) => set(time + milliseconds, -provider.clockOffset / hour),
  }
}

/** Asks every five minutes for so many hours, and has to be served each time. */
async function askFor(hours: number, { later }: ReturnType<typeof world>, ask: () => Promise<unknown>): Promise<void> {
  for (let call = 0; call < hours * 12; call++) {
    expect(await ask()).toHaveProperty('accessToken')
    later(300_000)
  }
}

function expectOnePerLife(requests: readonly number[]): void {
  for (const [index, at] of requests.entries()) if (index) expect(at - requests[index - 1]!).toBeGreaterThanOrEqual(life)
}

describe('S67 S25 S29 a device whose clock is off', () => {
  it.each(offsets)('by %d h since the sign-in: one refresh per token life, and the session goes on', async (hours) => {
    const { provider, requests, setClockOff, ...rest } = world()
    const { app, account } = await signedIn({ provider })
    requests.length = 0
    setClockOff(hours)
    await askFor(5, { provider, requests, setClockOff, ...rest }, () => app.acquireTokenSilent({ scopes, account }))
    expectOnePerLife(requests)
    expect(requests.length).toBeGreaterThan(4)
  })

  it('and jumps again and again: one refresh per jump at most', async () => {
    const { provider, requests, setClockOff, later } = world()
    const { app, account } = await signedIn({ provider })
    for (const hours of [-1, 1, -2, 0, 2, -1, -2, 1, 0]) {
      setClockOff(hours)
      requests.length = 0
      for (let call = 0; call < 5; call++) expect(await app.acquireTokenSilent({ scopes, account })).toHaveProperty('accessToken')
      expect(requests.length).toBeLessThan(2)
      later(300_000)
    }
  })

  it.each(offsets)('by %d h: a refresh token from elsewhere brings a session that goes on', async (hours) => {
    const device = world()
    device.setClockOff(hours)
    const app = publicClient(device.provider)
    const refreshToken = device.provider.refreshTokenOf(device.provider.person)
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken, scopes })
    await askFor(3, device, () => app.acquireTokenSilent({ scopes, account }))
    expectOnePerLife(device.requests)
  })

  it.each(offsets)('by %d h: so does what was got on behalf of a user', async (hours) => {
    const device = world()
    const app = confidentialClient(device.provider)
    const ask = () => app.acquireTokenOnBehalfOf({ userAssertion: 'a.users.token', scopes })
    await ask()
    device.requests.length = 0
    device.setClockOff(hours)
    await askFor(3, device, ask)
    expectOnePerLife(device.requests)
    expect(device.provider.count('refresh_token')).toBe(device.requests.length)
  })

  it.each([-2, -1, 2])('by %d h: a sign-in is refused, for there the id token is what proves it', async (hours) => {
    const { provider, setClockOff } = world()
    setClockOff(hours)
    expect(await codeOf(signedIn({ provider }))).toBe('id_token_invalid')
  })
})

describe('S67 a clock that jumps while an answer is under way', () => {
  /** Lets the clock jump between a request and its answer, and gives what came of it. */
  async function acrossJump<T>({ provider, setClockOff }: ReturnType<typeof world>, hours: number, ask: () => Promise<T>): Promise<T> {
    const gate = provider.hold()
    const asked = ask()
    await gate.arrived()
    setClockOff(hours)
    gate.open()
    return asked
  }

  it.each(offsets)('by %d h: a user’s token lives from its receipt', async (hours) => {
    const device = world()
    const { app, account } = await signedIn({ provider: device.provider })
    device.later(hour)
    const ask = () => app.acquireTokenSilent({ scopes, account })
    device.requests.length = 0
    const fresh = await acrossJump(device, hours, ask)
    expect(fresh).toMatchObject({ tokenSource: 'identity_provider', expiresOn: new Date(Date.now() + hour) })
    expect(await ask()).toMatchObject({ accessToken: fresh!.accessToken, tokenSource: 'cache' })
    await askFor(3, device, ask)
    expectOnePerLife(device.requests)
  })

  it.each(offsets)('by %d h: an application’s token lives from its receipt', async (hours) => {
    const device = world()
    const app = confidentialClient(device.provider)
    const ask = () => app.acquireTokenForClient({ scopes })
    const fresh = await acrossJump(device, hours, ask)
    expect(fresh).toMatchObject({ tokenSource: 'identity_provider', expiresOn: new Date(Date.now() + hour) })
    expect(await ask()).toMatchObject({ accessToken: fresh.accessToken, tokenSource: 'cache' })
    await askFor(3, device, ask)
    expectOnePerLife(device.requests)
  })
})
