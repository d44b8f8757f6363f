import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import * as errors from '../../src/core/errors.ts'
import { canary, expectNoCanary } from '../support/canary.ts'
import { forget } from '../support/scan.ts'

const { AuthError, ClientAuthError, ClientConfigurationError, InteractionRequiredAuthError, NetworkError, ServerError, isAuthError } =
  errors

const codes = {
  server: ['server_error', 'throttled', 'interaction_required'],
  client: [
    'state_mismatch',
    'flow_expired',
    'flow_unknown',
    'nonce_mismatch',
    'issuer_mismatch',
    'audience_mismatch',
    'id_token_invalid',
    'auth_time_too_old',
    'scope_not_in_flow',
    'account_mismatch',
    'user_cancelled',
    'popup_blocked',
    'interaction_timed_out',
    'interaction_failed',
  ],
  configuration: [
    'invalid_argument',
    'scopes_empty',
    'scopes_reserved',
    'authority_invalid',
    'authority_unknown',
    'metadata_invalid',
    'credential_invalid',
    'interaction_missing',
    'endpoint_missing',
    'environment_unsupported',
    'cache_invalid',
  ],
  network: ['unreachable', 'timed_out', 'aborted', 'bad_response', 'too_large', 'server_unavailable'],
} as const
const all: readonly string[] = Object.values(codes).flat()

/** The text of all files in a folder of the project, without comments. */
function textOf(folder: string, wanted: (path: string) => boolean): string {
  const root = fileURLToPath(new URL(`../../${folder}`, import.meta.url))
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(wanted)
  return paths.map((path) => readFileSync(join(root, path), 'utf8').replace(/\/\*.*?\*\/|^\s*\/\/.*?$/gms, '')).join('\n')
}

/** What throws the codes, and what expects them. */
const library = textOf('src', (path) => path.endsWith('.ts') && !/^testing|errors\.ts$/.test(path))
const tests = textOf('test', (path) => path.endsWith('.test.ts') && !path.endsWith('errors.test.ts'))

describe('S72: the codes', () => {
  it('are a closed list', () => {
    expectTypeOf<errors.ServerErrorCode>().toEqualTypeOf<(typeof codes.server)[number]>()
    expectTypeOf<errors.ClientAuthErrorCode>().toEqualTypeOf<(typeof codes.client)[number]>()
    expectTypeOf<errors.ClientConfigurationErrorCode>().toEqualTypeOf<(typeof codes.configuration)[number]>()
    expectTypeOf<errors.NetworkErrorCode>().toEqualTypeOf<(typeof codes.network)[number]>()
    expect(new Set(all).size).toBe(all.length)
  })

  it('that the sources name are in it, and each literal code belongs to its class', () => {
    const text = textOf('src', (path) => path.endsWith('.ts'))
    const named = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, code]) => code!))]
    const thrown = {
      client: named(/new ClientAuthError\(\s*'(\w+)'/g),
      configuration: named(/new ClientConfigurationError\(\s*'(\w+)'/g),
      network: named(/new NetworkError\(\s*'(\w+)'/g),
      server: named(/new ServerError\(\s*'(\w+)'/g),
    }
    for (const [name, found] of Object.entries(thrown)) {
      expect(found.length).toBeGreaterThan(0)
      expect(codes[name as keyof typeof codes]).toEqual(expect.arrayContaining(found))
    }
  })

  describe.each(all)('%s', (code) => {
    it('is thrown somewhere', () => {
      const makers = new RegExp(`(throw|new \\w+Error\\()[^\\n]*\\s*'${code}'`)
      const thrown = code === 'interaction_required' ? /new InteractionRequiredAuthError\(/ : makers
      expect(library).toMatch(thrown)
    })

    it('is provoked by a test', () => {
      expect(tests).toMatch(new RegExp(`(code: |toBe\\(|[[,]\\s*)'${code}'`))
    })
  })

  it.each(codes.client)('%s says what to do', (code) => {
    const action = ['issuer_mismatch', 'audience_mismatch', 'id_token_invalid'].includes(code) ? 'report' : 'interact'
    expect(new ClientAuthError(code, 'm')).toMatchObject({ code, action, name: 'ClientAuthError', message: 'm' })
  })

  it.each(codes.configuration)('%s says what to do', (code) => {
    expect(new ClientConfigurationError(code, 'm')).toMatchObject({ code, action: 'reconfigure', name: 'ClientConfigurationError' })
  })

  it.each(codes.network)('%s says what to do', (code) => {
    const action = ['aborted', 'bad_response'].includes(code) ? 'report' : 'retry'
    expect(new NetworkError(code, 'm', { status: 503, retryAfter: 9 })).toMatchObject({ code, action, status: 503, retryAfter: 9 })
  })

  it.each([
    ['throttled', 'x', 400, 'retry'],
    ['server_error', 'x', 500, 'retry'],
    ['server_error', 'x', 499, 'report'],
    ['server_error', 'temporarily_unavailable', 0, 'retry'],
    ['server_error', 'invalid_client', 401, 'reconfigure'],
    ['server_error', 'unauthorized_client', 400, 'reconfigure'],
    ['server_error', 'invalid_scope', 400, 'reconfigure'],
    ['server_error', 'invalid_scope', 503, 'retry'],
    ['interaction_required', 'invalid_grant', 400, 'interact'],
  ] as const)('%s with %s and %i: %s', (code, error, status, action) => {
    expect(new ServerError(code, { error, status })).toMatchObject({ code, action, error, status })
  })
})

describe('an error', () => {
  const made = [
    new ServerError('server_error', { error: 'e', status: 400 }, 'id'),
    new InteractionRequiredAuthError({ error: 'e', status: 400 }, 'id'),
    new ClientAuthError('flow_expired', 'm', { correlationId: 'id' }),
    new ClientConfigurationError('invalid_argument', 'm', { correlationId: 'id' }),
    new NetworkError('unreachable', 'm', { correlationId: 'id' }),
  ]

  it.each(made.map((error) => [error.name, error] as const))(
    '%s is an Error, an AuthError and carries its correlation id',
    (name, error) => {
      expect(error).toBeInstanceOf(Error)
      expect(error).toBeInstanceOf(AuthError)
      expect(error.correlationId).toBe('id')
      expect(String(error)).toMatch(new RegExp(`^${name}: .`))
      expect(error.stack).toContain(error.message)
      expect(isAuthError(error)).toBe(true)
      expect(isAuthError(error, error.code)).toBe(true)
      expect(isAuthError(error, 'user_cancelled')).toBe(false)
    },
  )

  it('InteractionRequiredAuthError is a ServerError', () => {
    expect(made[1]).toBeInstanceOf(ServerError)
  })

  it('has no field for what is not known', () => {
    expect(Object.keys(new NetworkError('unreachable', 'm')).sort()).toEqual(['action', 'code', 'name'])
    expect('cause' in new NetworkError('unreachable', 'm')).toBe(false)
    expect('correlationId' in new ClientAuthError('flow_expired', 'm')).toBe(false)
  })

  it('keeps the cause', () => {
    const cause = new Error('cause')
    expect(new NetworkError('aborted', 'm', { cause }).cause).toBe(cause)
    expect(new NetworkError('aborted', 'm', { cause: null }).cause).toBeNull()
  })

  it('S69: shows nothing beyond its own fields', () => {
    for (const error of made) expectNoCanary(error)
    expect(() => expectNoCanary(new NetworkError('unreachable', canary('message')))).toThrow()
    forget()
  })
})

describe('isAuthError', () => {
  it.each([
    undefined,
    null,
    'x',
    42,
    {},
    new Error('x'),
    { code: 'user_cancelled' },
    Object.assign(new Error('x'), { code: 'user_cancelled' }),
  ])('is false for %j', (value) => {
    expect(isAuthError(value)).toBe(false)
    expect(isAuthError(value, 'user_cancelled')).toBe(false)
  })

  it('knows the errors of another copy of the package', async () => {
    vi.resetModules()
    const copy: typeof errors = await import('../../src/core/errors.ts')
    const foreign = new copy.ClientAuthError('user_cancelled', 'm')
    expect(foreign).not.toBeInstanceOf(ClientAuthError)
    expect(isAuthError(foreign, 'user_cancelled')).toBe(true)
    expect(isAuthError(foreign, 'popup_blocked')).toBe(false)
    expect(copy.isAuthError(new NetworkError('aborted', 'm'))).toBe(true)
  })

  it('narrows to the union of all errors', () => {
    const error: unknown = new ClientAuthError('user_cancelled', 'm')
    if (!isAuthError(error)) expect.unreachable()
    expectTypeOf(error).toEqualTypeOf<errors.AnyAuthError>()
    expectTypeOf(error.code).toEqualTypeOf<errors.AuthErrorCode>()
  })

  it('whose code tells the class', () => {
    const error: unknown = new ClientAuthError('user_cancelled', 'm')
    if (!isAuthError(error)) expect.unreachable()
    if (error.code === 'interaction_required') expectTypeOf(error).toEqualTypeOf<errors.InteractionRequiredAuthError>()
    else if (error.code === 'throttled') expectTypeOf(error).toExtend<errors.ServerError>()
    else if (error.code === 'aborted') expectTypeOf(error).toEqualTypeOf<errors.NetworkError>()
    else expect(error.code).toBe('user_cancelled')
  })
})
