import { describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, PublicClientApplication } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { authority, clientId, confidentialClient, errorOf, publicClient, scopes, signedIn } from './support.ts'

const unprintable = Object.create(null)

/** Some values of every type; `null` is of none. */
const values = {
  string: ['x y', '5', 'true'],
  number: [5, -1, 0, Number.NaN],
  boolean: [true, false],
  function: [() => {}],
  object: [{}, unprintable],
  array: [['a'], []],
  symbol: [Symbol('s')],
  bigint: [10n],
}
type Type = keyof typeof values

const wrong = (...right: Type[]) =>
  Object.entries(values).flatMap(([type, all]) => (right.includes(type as Type) ? [] : (all as unknown[])))

const thrown = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/** By name: values of the wrong type, or of a wrong form. */
const clientOptions: Record<string, unknown[]> = {
  clientId: [...wrong('string'), '', null],
  validateAuthority: [...wrong('boolean'), null],
  verifyIdTokenSignature: [...wrong('boolean'), null],
  knownAuthorities: [...wrong('array'), null, [1], [unprintable]],
  clientCapabilities: [...wrong('array'), null],
  excludeScopes: [...wrong('array'), null, ['openid']],
  tokenCache: [...wrong(), null],
  httpCache: wrong('object'),
  interaction: wrong('object'),
  silentInteraction: wrong('object'),
  fetch: [...wrong('function'), null],
  logger: [...wrong('function'), null],
  waitUntil: [...wrong('function'), null],
  timeout: [...wrong('number'), null, 0, -1, Number.NaN, Number.NEGATIVE_INFINITY],
  appName: [...wrong('string'), null],
  appVersion: [...wrong('string'), null],
}

describe.each([
  ['PublicClientApplication', (more: object) => new PublicClientApplication({ clientId, authority, ...more })],
  [
    'ConfidentialClientApplication',
    (more: object) => new ConfidentialClientApplication({ clientId, authority, clientCredential: 'secret', ...more }),
  ],
])('S72 the constructor of %s refuses', (_, construct) => {
  it.each(Object.entries(clientOptions))('%s of another type', (name, all) => {
    for (const value of all) {
      expect(
        thrown(() => construct({ [name]: value })),
        `${typeof value}`,
      ).toMatchObject({
        name: 'ClientConfigurationError',
        code: 'invalid_argument',
      })
    }
  })

  it.each(['authority', 'oidcAuthority', 'instanceDiscovery'])('%s that is no URL, with a typed error', (name) => {
    for (const value of wrong('boolean')) {
      const error = thrown(() => construct({ ...(name === 'oidcAuthority' && { authority: undefined }), [name]: value }))
      expect(error).toMatchObject({
        name: 'ClientConfigurationError',
        code: expect.stringMatching(/^(authority_invalid|invalid_argument)$/),
      })
    }
  })

  it('none that is right, or undefined', () => {
    const right = {
      validateAuthority: false,
      verifyIdTokenSignature: true,
      instanceDiscovery: false,
      knownAuthorities: ['login.contoso.example'],
      clientCapabilities: ['CP1'],
      excludeScopes: ['offline_access'],
      httpCache: new Map(),
      interaction: { responseModes: ['query'], begin() {} },
      fetch: globalThis.fetch,
      logger() {},
      waitUntil() {},
      timeout: Number.POSITIVE_INFINITY,
      appName: 'name',
      appVersion: '',
    }
    expect(thrown(() => construct(right))).toBeUndefined()
    expect(
      thrown(() =>
        construct(
          Object.fromEntries(
            Object.keys(clientOptions)
              .slice(1)
              .map((name) => [name, undefined]),
          ),
        ),
      ),
    ).toBeUndefined()
  })
})

it.each([...wrong('object'), undefined, null, {}].map((options) => [options]))('S72 no client is made of the options %o', (options) => {
  expect(thrown(() => new PublicClientApplication(options as never))).toMatchObject({ code: 'invalid_argument' })
  expect(thrown(() => new ConfidentialClientApplication(options as never))).toMatchObject({ name: 'ClientConfigurationError' })
})

it.each([
  ['azureRegion', [...wrong('boolean'), 'west us', ''].filter((value) => value !== '5' && value !== 'true'), 'invalid_argument'],
  ['clientClaims', wrong('object'), 'invalid_argument'],
  ['clientCredential', [...wrong('string', 'function'), null, ''], 'credential_invalid'],
])('S72 a confidential client refuses %s of another type', (name, all, code) => {
  for (const value of all) {
    const options = { clientId, authority, clientCredential: 'secret', [name]: value }
    expect(
      thrown(() => new ConfidentialClientApplication(options as never)),
      `${typeof value}`,
    ).toMatchObject({ code })
  }
})

const forms: [string, object, unknown[]][] = [
  ['thumbprint', {}, [...wrong('string'), '5']],
  ['publicCertificate', { thumbprint: 'ab'.repeat(20) }, wrong('string')],
  ['passphrase', { thumbprint: 'ab'.repeat(20) }, wrong('string')],
  ['sign', { privateKey: undefined, publicCertificate: 'AAAA' }, wrong('function')],
  ['clientAssertion', { privateKey: undefined }, wrong('string', 'function')],
]
it.each(forms)('S72 a credential with %s of another type is credential_invalid', (name, more, all) => {
  const privateKey = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'
  for (const value of all) {
    const options = { clientId, authority, clientCredential: { privateKey, ...more, [name]: value } }
    expect(
      thrown(() => new ConfidentialClientApplication(options as never)),
      `${typeof value}`,
    ).toMatchObject({ code: 'credential_invalid' })
  }
})

describe('S72 a call refuses', () => {
  const common = {
    timeout: [...wrong('number'), null, 0, -1, Number.NaN],
    signal: wrong('object'),
    correlationId: wrong('string'),
    waitUntil: wrong('function'),
    extraQueryParameters: wrong('object'),
    extraBodyParameters: wrong('object'),
    scopes: [...wrong('array'), [1], [unprintable], ['a b']],
    // `parseClaimsChallenge` gives null where there is none.
    claimsChallenge: [...wrong('string').filter((value) => value !== null), '[]', 'null'],
  }
  const signIn = {
    redirectUri: wrong('string'),
    state: wrong('string'),
    prompt: wrong('string'),
    loginHint: wrong('string'),
    domainHint: wrong('string'),
  }
  const methods: Record<string, [object, Record<string, unknown[]>]> = {
    initiateAuthCodeFlow: [
      { scopes },
      {
        ...common,
        ...signIn,
        responseMode: [...wrong('string'), 'web_message'],
        maxAge: [...wrong('number'), Number.NaN, -1],
        extraScopesToConsent: wrong('array'),
      },
    ],
    getAuthorizationRequestUrl: [{ scopes }, { ...common, ...signIn, responseType: wrong('string'), nonce: wrong('string') }],
    acquireTokenByAuthorizationCode: [
      { scopes, code: 'c' },
      { ...common, code: wrong('string'), redirectUri: wrong('string'), nonce: wrong('string') },
    ],
    acquireTokenByRefreshToken: [
      { scopes, refreshToken: 'r' },
      { ...common, claimsChallenge: [], refreshToken: wrong('string') },
    ],
    acquireTokenByUsernamePassword: [
      { scopes, username: 'a@b.example', password: 'p' },
      { ...common, username: wrong('string'), password: wrong('string') },
    ],
    initiateDeviceFlow: [{}, { ...common, claimsChallenge: [] }],
    acquireTokenOnBehalfOf: [
      { scopes, userAssertion: 'a' },
      { ...common, userAssertion: wrong('string'), forceRefresh: wrong('boolean') },
    ],
    getLogoutUrl: [
      {},
      {
        ...common,
        scopes: [],
        claimsChallenge: [],
        postLogoutRedirectUri: wrong('string'),
        logoutHint: wrong('string'),
        state: wrong('string'),
      },
    ],
  }
  const cases = Object.entries(methods).flatMap(([method, [good, options]]) =>
    Object.entries(options).map(([name, all]) => [method, name, good, all] as const),
  )

  it.each(cases)('%s: %s of another type, and sends no token request', async (method, name, good, all) => {
    const provider = new FakeProvider()
    const app = method === 'acquireTokenOnBehalfOf' ? confidentialClient(provider) : publicClient(provider)
    const run = (options: object) => (app as unknown as Record<string, (options: object) => Promise<unknown>>)[method]!(options)
    for (const value of all) {
      const error = await errorOf(run({ ...good, [name]: value }))
      expect([typeof value, error.code]).toEqual([typeof value, 'invalid_argument'])
    }
    expect(provider.tokenRequests()).toEqual([])
  })

  it.each(Object.keys(methods))('%s: options that are none', async (method) => {
    const app = confidentialClient(new FakeProvider())
    for (const value of [...wrong('object'), null]) {
      const call = (app as unknown as Record<string, ((options: unknown) => Promise<unknown>) | undefined>)[method]?.bind(app)
      if (call) expect(['invalid_argument', 'scopes_empty']).toContain((await errorOf(call(value))).code)
    }
  })

  it.each([
    ['forceRefresh', wrong('boolean').filter(Boolean)],
    ['correlationId', wrong('string')],
    ['waitUntil', wrong('function')],
    ['extraBodyParameters', wrong('object')],
  ])('acquireTokenSilent that has to ask the provider: %s of another type', async (name, all) => {
    const { app, account, provider } = await signedIn()
    for (const value of all) {
      const error = await errorOf(app.acquireTokenSilent({ scopes, account, forceRefresh: true, [name]: value }))
      expect([typeof value, error.code]).toEqual([typeof value, 'invalid_argument'])
    }
    expect(provider.tokenRequests()).toEqual([])
  })
})
