import { describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, type NetworkError, PublicClientApplication } from '../../src/core/index.ts'
import { validateAccessToken } from '../../src/edge/index.ts'
import { errorOf } from '../core/client/support.ts'
import { clientOn, machine, resource, variablesFor } from '../node/managed-identity/support.ts'
import { refusing } from '../support/fault-server.ts'
import { clientId, type Endpoint, signed, type Tenant } from './matrix/faulty-provider.ts'
import { stage } from './matrix/stage.ts'

const on = stage()
const hour = 3_600_000
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

/** As RFC 850 has it. */
function rfc850(date: Date): string {
  const [, day, month, year, time] = /, (\d\d) (\w+) \d\d(\d\d) (\S+)/.exec(date.toUTCString())!
  return `${date.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })}, ${day}-${month}-${year} ${time} GMT`
}

/** As C's asctime has it. */
const asctime = (date: Date) =>
  date
    .toUTCString()
    .replace(/, (\d\d) (\w+) (\d+) (\S+) GMT/, (_, day, ...[month, year, time]) => ` ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`)

/** What it is, what a server sends, and the milliseconds that it means; undefined where it means nothing. */
const forms: [name: string, value: () => string, wait: number | undefined][] = [
  ['0', () => '0', 0],
  ['120', () => '120', 120_000],
  ['a number beyond all bounds', () => '1000000000', hour],
  ['1e9', () => '1e9', undefined],
  ['-1', () => '-1', undefined],
  ['1.5', () => '1.5', undefined],
  ['a past date', () => new Date(0).toUTCString(), 0],
  ['an HTTP date', () => inSeconds(90).toUTCString(), 90_000],
  ['an RFC 850 date', () => rfc850(inSeconds(90)), 90_000],
  ['an asctime date', () => asctime(inSeconds(90)), 90_000],
  ['a date in a year', () => inSeconds(365 * 24 * 3600).toUTCString(), hour],
  ['garbage', () => 'soon', undefined],
  ['nothing', () => '', undefined],
]

interface Caller {
  endpoint: Endpoint
  /** Nothing is sent for a while even where the header means nothing. */
  backsOff: boolean
  call(tenant: Tenant): () => Promise<unknown>
}

const callers: Record<string, Caller> = {
  'acquireTokenForClient, token': {
    endpoint: 'token',
    backsOff: true,
    call({ authority }) {
      const app = new ConfidentialClientApplication({ clientId, authority, clientCredential: 'a-secret', instanceDiscovery: false })
      return () => app.acquireTokenForClient({ scopes: ['https://api.example/.default'] })
    },
  },
  'acquireTokenByRefreshToken, token': {
    endpoint: 'token',
    backsOff: true,
    call({ authority }) {
      const app = new PublicClientApplication({ clientId, authority, instanceDiscovery: false })
      return () => app.acquireTokenByRefreshToken({ refreshToken: 'rt', scopes: ['User.Read'] })
    },
  },
  'initiateDeviceFlow, device': {
    endpoint: 'device',
    backsOff: true,
    call({ authority }) {
      const app = new PublicClientApplication({ clientId, authority, instanceDiscovery: false })
      return () => app.initiateDeviceFlow({ scopes: ['User.Read'] })
    },
  },
  'initiateAuthCodeFlow, discovery': {
    endpoint: 'discovery',
    backsOff: false,
    call({ authority }) {
      const app = new PublicClientApplication({ clientId, authority, instanceDiscovery: false })
      return () => app.initiateAuthCodeFlow({ scopes: ['User.Read'] })
    },
  },
  'validateAccessToken, keys': {
    endpoint: 'keys',
    backsOff: false,
    call({ authority, id }) {
      const exp = Math.floor(Date.now() / 1000) + 3600
      const token = signed({ iss: `${authority}/v2.0`, aud: 'api', tid: id, scp: 'x', exp })
      return () => validateAccessToken(token, { audience: 'api', authority: `${authority}/v2.0` })
    },
  },
  'ManagedIdentityClient, token': {
    endpoint: 'token',
    backsOff: true,
    call({ authority }) {
      const client = clientOn(machine(variablesFor.app_service(`${authority}/msi/token`)))
      return () => client.acquireTokenForClient({ resource })
    },
  },
}

describe.each(Object.entries(callers))('S32 S40 Retry-After: %s', (_, { endpoint, backsOff, call }) => {
  const cases = forms.flatMap((form) => [429, 503].map((status) => [form[0], status, form[1], form[2]] as const))

  it.each(cases)('%s of a %s', async (_, status, value, wait) => {
    const tenant = on.provider.tenant()
    const work = call(tenant)
    tenant.fault = {
      endpoint,
      play: (response) => void response.writeHead(status, { 'retry-after': value() }).end('{"error":"temporarily_unavailable"}'),
    }
    const hits = () => tenant.hits.filter((hit) => hit === endpoint).length
    const error = (await errorOf(work())) as unknown as NetworkError
    expect(error).toMatchObject({ action: 'retry', status })
    if (wait === undefined) expect(error.retryAfter).toBeUndefined()
    else {
      // A date counts whole seconds, and the test takes its time.
      expect(error.retryAfter).toBeLessThanOrEqual(wait + 1000)
      expect(error.retryAfter).toBeGreaterThanOrEqual(Math.max(0, wait - 10_000))
    }
    expect(hits()).toBe(1)
    expect(await errorOf(work())).toMatchObject({ action: 'retry' })
    expect(hits()).toBe(backsOff && wait !== 0 ? 1 : 2)
  })
})

describe.each(Object.entries(callers))('S32 S39 S40 Retry-After with a body that cannot be read: %s', (_, { endpoint, backsOff, call }) => {
  const moods = ['bad-utf8', 'cut-utf8', 'truncate', 'truncate-chunked', 'rst-body', 'huge', 'huge-length', 'gzip-bomb']

  it.each(moods.flatMap((mood) => [429, 503].map((status) => [mood, status] as const)))('%s of a %s', async (mood, status) => {
    const tenant = on.provider.tenant()
    const work = call(tenant)
    const play = refusing(mood, status, { 'retry-after': '7' })
    tenant.fault = { endpoint, play: (response) => play(response, new URLSearchParams()) }
    const hits = () => tenant.hits.filter((hit) => hit === endpoint).length
    const code = backsOff && status === 429 ? 'throttled' : 'server_unavailable'
    expect(await errorOf(work())).toMatchObject({ code, action: 'retry', status, retryAfter: 7000 })
    expect(hits()).toBe(1)
    expect(await errorOf(work())).toMatchObject({ action: 'retry', status })
    expect(hits()).toBe(backsOff ? 1 : 2)
  })
})

describe('S32 S39 a device code is polled on', () => {
  it.each(['bad-utf8', 'truncate', 'huge'])('after a 503 and a 429 with a body that cannot be read: %s', async (mood) => {
    const tenant = on.provider.tenant()
    const app = new PublicClientApplication({ clientId, authority: tenant.authority, instanceDiscovery: false })
    const flow = await app.initiateDeviceFlow({ scopes: ['User.Read'] })
    Object.assign(flow, { interval: 20 })
    const refusals = [503, 429]
    tenant.fault = {
      endpoint: 'token',
      play(response, { good }) {
        const status = refusals.shift()
        if (status) refusing(mood, status, { 'retry-after': '0' })(response, new URLSearchParams())
        else response.writeHead(good.status, { 'content-type': good.type }).end(good.body)
      },
    }
    expect(await app.acquireTokenByDeviceFlow({ flow })).toMatchObject({ tokenSource: 'identity_provider' })
    expect(tenant.hits.filter((hit) => hit === 'token')).toHaveLength(3)
  })
})
