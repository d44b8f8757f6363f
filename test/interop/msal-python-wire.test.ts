import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import {
  type ClientApplicationOptions,
  type ClientCredential,
  ConfidentialClientApplication,
  PublicClientApplication,
  type TokenResult,
} from 'msal-isomorphic'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCertificate } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import { differences } from './msal-python-differences.ts'
import { runPeer } from './peer.ts'
import { authority, federatedName, person, type Recorded, type Recorder, startRecorder } from './recorder.ts'

// The same calls to MSAL Python and to this library, in front of a server that writes down what it is asked. Whatever differs must be in
// msal-python-differences.ts, with its reason; whatever is there must differ.
const python = '/usr/bin/python3'
const hasPythonMsal = spawnSync(python, ['-c', 'import msal']).status === 0

const clientId = '3eb3eb3e-0000-4000-8000-00000000cccc'
const scopes = ['api://notes/Notes.Read']
const appScopes = ['api://notes/.default']
const apiScopes = ['https://graph.microsoft.com/User.Read']
const clientClaims = { client_ip: '192.0.2.1' }
const claimsChallenge = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
const redirectUri = 'http://localhost:5555/redirect'
const hints = { redirectUri, domainHint: 'contoso.example', prompt: 'select_account', claimsChallenge, responseMode: 'form_post' as const }
const maxAge = 60_000

let theirs: Recorder
let ours: Recorder

beforeAll(async () => {
  if (!hasPythonMsal) return
  ;[theirs, ours] = await Promise.all([startRecorder(), startRecorder()])
  const certificate = createCertificate('wire')
  await Promise.all([runTheirs(certificate), runOurs(certificate)])
})
afterAll(() => Promise.all([theirs?.close(), ours?.close()]))

async function runTheirs(certificate: ReturnType<typeof createCertificate>): Promise<void> {
  const signIn = { ...hints, maxAge }
  await runPeer({
    command: python,
    args: [fileURLToPath(new URL('./peer-msal-python-wire.py', import.meta.url))],
    ca: '',
    config: {
      authority,
      recorder: theirs.url,
      clientId,
      person,
      federatedName,
      scopes,
      appScopes,
      apiScopes,
      clientClaims,
      certificate,
      signIn,
    },
    async signIn(asked) {
      if (!asked.startsWith('begin ')) return theirs.authorize(asked)
      theirs.begin(asked.slice(6))
      return {}
    },
  })
}

async function runOurs({ privateKey, thumbprint, certificate }: ReturnType<typeof createCertificate>): Promise<void> {
  const { origin, host } = new URL(authority)
  const options = (): ClientApplicationOptions => ({
    clientId,
    authority,
    knownAuthorities: [host],
    fetch: (input, init) => fetch(String(input).replace(origin, ours.url), init),
    appName: 'the-app',
    appVersion: '1.2.3',
    clientCapabilities: ['CP1'],
  })
  const publicClient = (name: string) => {
    ours.begin(name)
    return new PublicClientApplication(options())
  }
  const confidential = (name: string, clientCredential: ClientCredential = 'the secret & more', claims?: Record<string, unknown>) => {
    ours.begin(name)
    return new ConfidentialClientApplication({ ...options(), clientCredential, ...(claims && { clientClaims: claims }) })
  }

  async function signIn(app: PublicClientApplication | ConfidentialClientApplication): Promise<TokenResult> {
    const flow = await app.initiateAuthCodeFlow({ scopes, loginHint: person.username, ...hints, maxAge })
    return app.acquireTokenByAuthCodeFlow({ flow, response: ours.authorize(flow.authUri) })
  }
  await signIn(publicClient('sign-in, public client'))
  await signIn(confidential('sign-in, confidential client'))

  const app = publicClient('refresh')
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: ours.authorize(flow.authUri) })
  await app.acquireTokenSilent({ scopes, account })
  await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
  await app.acquireTokenSilent({ scopes: ['api://notes/Notes.Write'], account })
  await app.acquireTokenSilent({ scopes, account, claimsChallenge })

  const byHand = confidential('code by hand')
  const { domainHint, prompt } = hints
  const nonce = 'the-nonce'
  const request = { loginHint: person.username, state: 'the-state', redirectUri, prompt, nonce, domainHint, claimsChallenge }
  const { code } = ours.authorize(await byHand.getAuthorizationRequestUrl({ scopes, ...request }))
  await byHand.acquireTokenByAuthorizationCode({ code: code!, scopes, redirectUri, nonce, claimsChallenge })

  await publicClient('refresh token from elsewhere').acquireTokenByRefreshToken({ refreshToken: 'an-old-refresh-token', scopes })

  const device = publicClient('device code')
  await device.acquireTokenByDeviceFlow({ flow: await device.initiateDeviceFlow({ scopes }), claimsChallenge })

  const { username, password } = person
  await publicClient('password').acquireTokenByUsernamePassword({ username, password, scopes, claimsChallenge })

  await publicClient('password, federated').acquireTokenByUsernamePassword({ username: federatedName, password, scopes })

  const userAssertion = 'the.user.assertion'
  await confidential('on behalf of').acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes, claimsChallenge })

  await confidential('client credentials, secret').acquireTokenForClient({ scopes: appScopes, claimsChallenge })
  const key = { privateKey, thumbprint }
  await confidential('client credentials, certificate', key, clientClaims).acquireTokenForClient({ scopes: appScopes })
  const chain = { ...key, publicCertificate: certificate }
  await confidential('client credentials, certificate with its chain', chain).acquireTokenForClient({ scopes: appScopes })
}

/** A request as a list of named values; what is random on each side is told by its form. */
function described({ method, path, query, form, headers }: Recorded): Map<string, string> {
  const { client_assertion: assertion, ...fields } = form
  const parts: Record<string, Record<string, unknown>> = { query, form: fields, header: headers }
  if (assertion) {
    parts.assertionHeader = decodeProtectedHeader(assertion)
    const { iat, exp, ...claims } = decodeJwt(assertion)
    parts.assertion = { ...claims, 'exp - iat': Math.round(exp! - iat!), 'iat is now': Math.abs(Date.now() / 1000 - iat!) < 60 }
  }
  const entries = Object.entries(parts).flatMap(([part, values]) =>
    Object.entries(values).map(([name, value]) => [`${part} ${name}`, formOf(name, value)] as const),
  )
  return new Map([['request', `${method} ${path}`], ...entries])
}

function formOf(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text) && name !== 'client_id' && !['iss', 'sub'].includes(name)) return '(a UUID)'
  if (['code_verifier', 'code_challenge'].includes(name) && text.length >= 43) return '(random)'
  if (name === 'state' && text !== 'the-state') return '(random)'
  if (name === 'nonce' && /^[\da-f]{64}$/.test(text)) return '(a SHA-256 in hexadecimal)'
  if (name === 'scope') return text.split(' ').sort().join(' ')
  if (name === 'claims') return JSON.stringify(sorted(JSON.parse(text)))
  return text
}

/** JSON is the same in any order. */
function sorted(value: unknown): unknown {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  )
}

interface Row {
  flow: string
  step: string
  name: string
  python: string | undefined
  ours: string | undefined
}

/** Everything that was sent, side by side. */
function rows(): Row[] {
  return [...theirs.flows].flatMap(([flow, requests]) => {
    const others = ours.flows.get(flow) ?? []
    return Array.from({ length: Math.max(requests.length, others.length) }, (_, index) => {
      const [one, other] = [requests[index], others[index]].map((request) => (request ? described(request) : new Map<string, string>()))
      const step = (requests[index] ?? others[index])!.path.split('/').at(-1)!
      const names = [...new Set([...one!.keys(), ...other!.keys()])].sort()
      return names.map((name) => ({ flow, step, name, python: one!.get(name), ours: other!.get(name) }))
    }).flat()
  })
}

const isListed = ({ step, name, python: one, ours: other }: Row) =>
  differences.filter((difference) => {
    const fits = (value: string | undefined, pattern: RegExp | null) =>
      pattern ? value !== undefined && pattern.test(value) : value === undefined
    const here = difference.name === name && (!difference.step || difference.step.test(step))
    return here && fits(one, difference.python) && fits(other, difference.ours)
  })

test.skipIf(lacks('python3-msal', hasPythonMsal))('every flow sends as many requests, to the same addresses', () => {
  const paths = ({ flows }: Recorder) =>
    Object.fromEntries(
      [...flows].map(([name, requests]) => [name, requests.map(({ method, path }) => `${method} ${decodeURIComponent(path)}`)]),
    )
  expect(paths(ours)).toEqual(paths(theirs))
  expect(theirs.flows.size).toBe(12)
})

test.skipIf(lacks('python3-msal', hasPythonMsal))('every difference of body, query and headers is on the list, and nothing else is', () => {
  const different = rows().filter(({ python: one, ours: other }) => one !== other)
  expect(different.filter((row) => isListed(row).length === 0)).toEqual([])
  const used = new Set(different.flatMap(isListed))
  expect(differences.filter((difference) => !used.has(difference))).toEqual([])
})
