import { describe, expect, it } from 'vitest'
import { InteractionRequiredAuthError, isAuthError, ServerError } from '../../../src/core/errors.ts'
import { oauthError } from '../../../src/core/oauth/oauth-error.ts'
import { parseRecord } from '../../../src/core/util/record.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'

type Circumstances = Parameters<typeof oauthError>[1]
const make = (json: object, circumstances: Partial<Circumstances> = {}) =>
  oauthError(parseRecord(JSON.stringify(json))!, { status: 400, ...circumstances })

describe('the classification of an OAuth error', () => {
  const server = 'server_error'
  const person = 'interaction_required'
  it.each<[string, Partial<Circumstances>, string, string]>([
    ['interaction_required', {}, person, 'interact'],
    ['login_required', {}, person, 'interact'],
    ['consent_required', {}, person, 'interact'],
    ['account_selection_required', {}, person, 'interact'],
    ['login_required', { status: 0 }, person, 'interact'],
    ['interaction_required', { status: 401 }, person, 'interact'],
    ['interaction_required', { status: 200 }, person, 'interact'],
    ['interaction_required', { status: 500 }, server, 'retry'],
    ['interaction_required', { status: 429, throttled: true }, 'throttled', 'retry'],
    ['invalid_grant', {}, server, 'report'],
    ['invalid_grant', { grantNeedsPerson: true }, person, 'interact'],
    ['invalid_grant', { grantNeedsPerson: true, status: 503 }, server, 'retry'],
    ['invalid_client', { status: 401 }, server, 'reconfigure'],
    ['unauthorized_client', {}, server, 'reconfigure'],
    ['invalid_scope', {}, server, 'reconfigure'],
    ['invalid_client', { grantNeedsPerson: true }, server, 'reconfigure'],
    ['invalid_client', { status: 500 }, server, 'retry'],
    ['temporarily_unavailable', {}, server, 'retry'],
    ['temporarily_unavailable', { status: 0 }, server, 'retry'],
    ['server_error', { status: 500 }, server, 'retry'],
    ['server_error', { status: 0 }, server, 'report'],
    ['access_denied', { status: 0 }, server, 'report'],
    ['invalid_request', {}, server, 'report'],
    ['invalid_request', { status: 200 }, server, 'report'],
    ['anything_else', {}, server, 'report'],
    ['invalid_request', { throttled: true }, 'throttled', 'retry'],
    ['invalid_client', { throttled: true, status: 503 }, 'throttled', 'retry'],
  ])('%s in %j is %s: %s', (error, circumstances, code, action) => {
    const made = make({ error }, circumstances)
    expect(made).toMatchObject({ error, code, action, status: circumstances.status ?? 400 })
    expect(made).toBeInstanceOf(ServerError)
    expect(made instanceof InteractionRequiredAuthError).toBe(code === person)
    expect(isAuthError(made, code as never)).toBe(true)
  })

  it.each<[string | undefined, string]>([
    [undefined, ''],
    ['bad_token', ''],
    ['token_expired', ''],
    ['protection_policy_required', ''],
    ['client_mismatch', ''],
    ['device_authentication_failed', ''],
    ['basic_action', 'basic_action'],
    ['additional_action', 'additional_action'],
    ['message_only', 'message_only'],
    ['consent_required', 'consent_required'],
    ['user_password_expired', 'user_password_expired'],
    ['something_new', 'something_new'],
  ])('of the suberror %s is %j', (suberror, classification) => {
    const error = make({ error: 'invalid_grant', suberror })
    expect(error.classification).toBe(classification)
    expect(error.suberror).toBe(suberror)
  })
})

describe('the details of an OAuth error', () => {
  it('are those of the answer', () => {
    const error = make(
      {
        error: 'invalid_grant',
        error_description: 'AADSTS50076: multi-factor',
        error_uri: 'https://login.example/error?code=50076',
        suberror: 'basic_action',
        error_codes: [50076, 50079],
        claims: '{"access_token":{}}',
        trace_id: '0bc2-ff',
        timestamp: 'x',
        access_token: 'y',
      },
      { retryAfter: 3000, correlationId: 'correlation' },
    )
    expect({ ...error }).toEqual({
      name: 'ServerError',
      code: 'server_error',
      action: 'report',
      error: 'invalid_grant',
      errorDescription: 'AADSTS50076: multi-factor',
      errorUri: 'https://login.example/error?code=50076',
      suberror: 'basic_action',
      errorCodes: [50076, 50079],
      claims: '{"access_token":{}}',
      traceId: '0bc2-ff',
      classification: 'basic_action',
      status: 400,
      retryAfter: 3000,
      correlationId: 'correlation',
    })
  })

  it('are absent where the answer has none', () => {
    expect(Object.keys(make({ error: 'x' })).sort()).toEqual(['action', 'classification', 'code', 'error', 'name', 'status'])
  })

  it('are ignored where they are no texts', () => {
    const error = make({
      error: 'x',
      error_description: 1,
      error_uri: [],
      suberror: {},
      error_codes: '50076',
      claims: {},
      trace_id: null,
    })
    expect(Object.keys(error).sort()).toEqual(['action', 'classification', 'code', 'error', 'name', 'status'])
  })

  it.each([undefined, null, 42, {}, [], '', 'two words', '<b>', 'x\n', 'é', 'x'.repeat(65)])(
    'S06: the error %j is unknown_error',
    (error) => {
      expect(make({ error })).toMatchObject({ error: 'unknown_error', code: 'server_error' })
    },
  )

  it('keep whole numbers of error_codes only, at most 16', () => {
    expect(make({ error: 'x', error_codes: [1, '2', 3.5, null, 1e300, -4, [5]] }).errorCodes).toEqual([1, -4])
    expect(make({ error: 'x', error_codes: Array.from({ length: 99 }, (_, index) => index) }).errorCodes).toHaveLength(16)
  })

  it('the message holds the words and the number, and no description', () => {
    expect(make({ error: 'invalid_grant', suberror: 'basic_action', error_codes: [50076], error_description: 'secret' }).message).toBe(
      'The identity provider answered invalid_grant (AADSTS50076), basic_action.',
    )
    expect(make({ error: 'invalid_grant' }).message).toBe('The identity provider answered invalid_grant.')
  })

  it('claims stay whole or away', () => {
    const challenge = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`
    expect(make({ error: 'x', claims: challenge(8192) }).claims).toHaveLength(8192)
    expect(make({ error: 'x', claims: challenge(8193) }).claims).toBeUndefined()
    expect(make({ error: 'x', claims: '{"a":\t"\u00e9"}' }).claims).toBe('{"a":\t"\u00e9"}')
  })
})

describe('S71: remote text', () => {
  it('is cut to 512 characters', () => {
    const error = make({ error: 'x', error_description: 'd'.repeat(10_000), error_uri: 'u'.repeat(10_000) })
    expect(error.errorDescription).toBe('d'.repeat(512))
    expect(error.errorUri).toBe('u'.repeat(512))
  })

  it('loses control characters and the marks that reorder text', () => {
    const marks = [
      '\u0000',
      '\u0007',
      '\u001b',
      '\r\n',
      '\t',
      '\u007f',
      '\u0085',
      '\u009b',
      '\u200e',
      '\u200f',
      '\u202e',
      '\u2066',
      '\u2069',
    ]
    for (const mark of marks) expect(make({ error: 'x', error_description: `a${mark}b` }).errorDescription).toBe('a b')
    expect(make({ error: 'x', error_description: '\u001b]8;;https://evil.example\u0007x' }).errorDescription).toBe(
      ' ]8;;https://evil.example x',
    )
    expect(make({ error: 'x', error_description: 'Zoë 測試 <b>' }).errorDescription).toBe('Zoë 測試 <b>')
  })

  const secrets = [canary('rt'), canary('secret'), 'CANARY-a+b/c=$&']
  it('shows no secret of the request, whatever field it comes back in', () => {
    const echo = `x ${secrets.join(' and ')} ${secrets[0]}`
    const error = make(
      {
        error: secrets[0],
        suberror: secrets[1],
        error_description: echo,
        error_uri: `https://login.example/?x=${secrets[2]}`,
        trace_id: secrets[1],
        claims: JSON.stringify({ access_token: { value: secrets[0] } }),
      },
      { secrets },
    )
    expectNoCanary(error)
    expect(error.errorDescription).toBe('x *** and *** and *** ***')
    expect(error.claims).toBeUndefined()
  })

  it('shows no end of a secret at the cut', () => {
    for (let length = 480; length < 513; length++)
      expectNoCanary(make({ error: 'x', error_description: 'd'.repeat(length) + secrets[0] }, { secrets }))
  })

  it('is not riddled by a secret of three characters', () => {
    expect(make({ error: 'x', error_description: 'the code' }, { secrets: ['', 'e', 'the'] }).errorDescription).toBe('the code')
  })

  it('S48: of hostile keys touches nothing', () => {
    const json = parseRecord('{"error":"x","__proto__":{"polluted":1,"suberror":"y"},"constructor":{"prototype":{"polluted":1}}}')!
    const error = oauthError(json, { status: 400 })
    expect(error.suberror).toBeUndefined()
    expect(({} as { polluted?: 1 }).polluted).toBeUndefined()
    expect(error).toBeInstanceOf(ServerError)
  })
})
