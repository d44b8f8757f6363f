import type { AuthErrorCode } from '../../../src/core/index.ts'
import { canary } from '../../support/canary.ts'
import { moods, refusing } from '../../support/fault-server.ts'
import type { Endpoint, Fault } from './faulty-provider.ts'

/** What a method that needs the endpoint ends with; `ok` where the answer is good enough. */
type Outcome = AuthErrorCode | 'ok'

/** A row of the matrix. */
export interface Row {
  /** The requirements, and what happens. */
  name: string
  play: Fault
  /** For every endpoint, but those of `except`. */
  outcome: Outcome
  except?: Partial<Record<Endpoint, Outcome>>
  /** Milliseconds for one exchange, where the fault is that none ends. */
  timeout?: number
  /** The only endpoints that it means something for. */
  only?: readonly Endpoint[]
}

/** The documents: they are fetched, and their status tells what is wrong with the authority. */
const refused = {
  discovery: 'metadata_invalid',
  instance: 'authority_unknown',
  realm: 'metadata_invalid',
  mex: 'metadata_invalid',
} as const
const documents: readonly Endpoint[] = ['instance', 'discovery', 'realm', 'mex', 'keys']

const unavailable = (endpoints: readonly Endpoint[]) =>
  Object.fromEntries(endpoints.map((endpoint) => [endpoint, 'server_unavailable'])) as Row['except'] & object

/** A way of the fault server, which does not look at what was asked. */
const usual = (mood: string, query: Record<string, string> = {}): Fault => {
  const play = moods[mood]!
  return (response) => play(response, new URLSearchParams(query))
}

const html = `<!doctype html><title>Sign in to the hotel network</title><p>${canary('page')}</p>`

/** The good answer, changed. */
export const changed =
  (change: (body: string) => string | Uint8Array, status?: number): Fault =>
  (response, { good }) =>
    void response.writeHead(status ?? good.status, { 'content-type': good.type }).end(change(good.body))

const json = (text: string | ((sent: URLSearchParams) => object), status: number, headers: Record<string, string> = {}): Fault => {
  return (response, { sent }) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof text === 'string' ? text : JSON.stringify(text(sent)))
}

/** A provider that repeats all that it was sent, wherever a text may stand. */
const echo = (sent: URLSearchParams) => ({
  error: 'invalid_request',
  error_description: `AADSTS900144: <script>\u0007 ${decodeURIComponent(String(sent))} ${sent} ${[...sent.values()].join(' ')}`,
  error_uri: `https://login.example/?${sent}`,
  error_codes: [900144],
  suberror: [...sent.values()].join('.'),
  claims: JSON.stringify([...sent.values()]),
  trace_id: [...sent.values()].at(-1),
  [canary('name')]: canary('value'),
})

const bodies: [string, string | Uint8Array][] = [
  ['HTML', html],
  ['an empty body', ''],
  ['an array', `[{"access_token":"${canary('array')}"}]`],
  ['null', 'null'],
  ['a number', '42'],
  ['a text', `"${canary('text')}"`],
  ['100 000 nested brackets', '['.repeat(100_000) + ']'.repeat(100_000)],
  // As many as fit into a document of 512 KiB.
  ['80 000 nested objects', `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`],
]

/** What a body is makes no difference where the status says enough: all of them are for the long run. */
const errorBodies = process.env.FULL ? bodies.length : 3

const badBodies: Row[] = bodies.flatMap(([name, body]): Row[] => [
  { name: `S39 ${name}`, play: changed(() => body), outcome: 'bad_response' },
])

const badErrors: Row[] = bodies.slice(0, errorBodies).flatMap(([name, body]): Row[] => [
  { name: `S39 ${name} of status 400`, play: changed(() => body, 400), outcome: 'bad_response', except: refused },
  { name: `S39 ${name} of status 500`, play: changed(() => body, 500), outcome: 'server_unavailable' },
])

const unreadable = ['bad-utf8', 'truncate', 'huge', ...(process.env.FULL ? ['cut-utf8', 'rst-body', 'huge-length', 'gzip-bomb'] : [])]

/** The status says enough. */
const unreadableErrors: Row[] = unreadable.flatMap((mood): Row[] => {
  const play =
    (status: number): Fault =>
    (response) =>
      refusing(mood, status, { 'retry-after': '2' })(response, new URLSearchParams())
  return [
    { name: `S32 S39 ${mood} of status 429`, play: play(429), outcome: 'throttled', except: unavailable(documents) },
    { name: `S32 S39 ${mood} of status 503`, play: play(503), outcome: 'server_unavailable' },
  ]
})

/** `canaryHost` is where a redirect leads to: nobody may ever come there. */
export const rows = (canaryHost: string): Row[] => [
  { name: 'S36 headers that never come', play: usual('stall-headers'), outcome: 'timed_out', timeout: 300 },
  { name: 'S36 a body that never ends', play: usual('stall-body'), outcome: 'timed_out', timeout: 300 },
  { name: 'S36 a body that drips', play: usual('drip'), outcome: 'timed_out', timeout: 300 },
  { name: 'S33 a reset before the answer', play: usual('rst'), outcome: 'unreachable' },
  { name: 'S33 S39 a reset inside the body', play: usual('rst-body'), outcome: 'bad_response' },
  {
    name: 'S39 a body shorter than announced',
    play: (response, { good }) =>
      void response
        .writeHead(200, { 'content-type': good.type, 'content-length': String(good.body.length) })
        .write(good.body.slice(0, -10), () => response.destroy()),
    outcome: 'bad_response',
  },
  {
    name: 'S39 a whole body without its end',
    play: (response, { good }) => void response.writeHead(200, { 'content-type': good.type }).write(good.body, () => response.destroy()),
    outcome: 'bad_response',
  },
  { name: 'S39 a body that is cut', play: changed((body) => body.slice(0, -20)), outcome: 'bad_response' },
  ...badBodies,
  ...badErrors,
  ...unreadableErrors,
  { name: 'S39 a BOM', play: changed((body) => `\uFEFF${body}`), outcome: 'bad_response', except: { mex: 'ok', trust: 'ok' } },
  {
    name: 'S39 invalid UTF-8',
    play: changed((body) => Buffer.concat([Buffer.from(body.slice(0, -1)), Buffer.from([0xc3, 0x28]), Buffer.from(body.slice(-1))])),
    outcome: 'bad_response',
  },
  {
    name: 'S39 UTF-8 that is cut',
    play: changed((body) => Buffer.concat([Buffer.from(body), Buffer.from([0xe2, 0x82])])),
    outcome: 'bad_response',
  },
  { name: 'S38 300 MB without a length', play: usual('huge'), outcome: 'too_large' },
  { name: 'S38 300 MB, announced', play: usual('huge-length'), outcome: 'too_large' },
  { name: 'S38 a gzip bomb', play: usual('gzip-bomb'), outcome: 'too_large' },
  ...[300, 301, 302, 303, 305, 307, 308].map((status): Row => {
    const location = `${canaryHost}/${canary('moved')}`
    const play: Fault = (response, { good }) => void response.writeHead(status, { 'content-type': good.type, location }).end(good.body)
    return { name: `S34 a redirect of status ${status}`, play, outcome: 'bad_response' }
  }),
  { name: 'S34 a redirect to nowhere', play: changed((body) => body, 302), outcome: 'bad_response' },
  { name: 'S34 304', play: usual('status', { status: '304' }), outcome: 'bad_response' },
  { name: 'S10 204', play: usual('no-content'), outcome: 'bad_response' },
  {
    name: 'S10 201',
    play: changed((body) => body, 201),
    outcome: 'bad_response',
    // A document is as good as its content.
    except: { instance: 'ok', discovery: 'ok', realm: 'ok', mex: 'ok', keys: 'ok', trust: 'ok' },
  },
  {
    name: 'S10 an empty object',
    play: changed(() => '{}'),
    outcome: 'bad_response',
    except: { discovery: 'metadata_invalid', instance: 'authority_unknown', realm: 'ok' },
  },
  {
    name: 'S10 S71 200 that holds an error, and tokens',
    play: changed((body) => JSON.stringify({ ...JSON.parse(body), error: 'invalid_request', error_description: body })),
    outcome: 'server_error',
    only: ['token', 'device'],
  },
  {
    name: 'S10 200 that holds an error of null',
    play: changed((body) => JSON.stringify({ ...JSON.parse(body), error: null })),
    outcome: 'server_error',
    only: ['token', 'device'],
  },
  {
    name: 'S41 another issuer',
    play: changed((body) => body.replace('/v2.0"', '/v3.0"')),
    outcome: 'metadata_invalid',
    only: ['discovery'],
  },
  {
    name: 'S42 endpoints on another host',
    play: changed((body) => body.replaceAll(/"http:[^"]*(oauth2|discovery)\//g, `"${canaryHost.replace('127.0.0.1', 'localhost')}/$1/`)),
    outcome: 'metadata_invalid',
    only: ['discovery'],
  },
  {
    name: 'S42 an endpoint that is a file',
    play: changed((body) => body.replaceAll(/"http:[^"]*(oauth2|discovery)\//g, '"file:///etc/$1/')),
    outcome: 'metadata_invalid',
    only: ['discovery'],
  },
  {
    name: 'S71 an echo of what was sent',
    play: json(echo, 400),
    outcome: 'server_error',
    except: { ...refused, keys: 'bad_response', trust: 'bad_response' },
  },
  { name: 'S71 an echo as HTML', play: changed(() => html, 400), outcome: 'bad_response', except: refused },
  {
    name: 'S29 S71 an echo of status 500',
    play: json(echo, 500),
    outcome: 'server_error',
    except: unavailable([...documents, 'trust']),
  },
  {
    name: 'S29 S32 503 with an OAuth error',
    play: json('{"error":"temporarily_unavailable"}', 503, { 'retry-after': '2' }),
    outcome: 'server_error',
    except: unavailable([...documents, 'trust']),
  },
  {
    name: 'S29 S32 429',
    play: json('{}', 429, { 'retry-after': '2' }),
    outcome: 'throttled',
    except: unavailable(documents),
  },
  {
    name: 'S29 invalid_client',
    play: json('{"error":"invalid_client"}', 401),
    outcome: 'server_error',
    except: { ...refused, keys: 'bad_response', trust: 'bad_response' },
  },
]
