import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseAuthority } from '../../../src/core/authority/authority.ts'
import { type Metadata, parseMetadata } from '../../../src/core/authority/metadata.ts'
import { AuthError } from '../../../src/core/errors.ts'
import { checkAnswer, createAuthCodeFlow, redeemedScopes, redemption } from '../../../src/core/grants/authorization-code.ts'
import type { InitiateAuthCodeFlowOptions } from '../../../src/core/options.ts'
import type { AuthCodeFlow } from '../../../src/core/types.ts'

const authority = 'https://login.contoso.example/T'
const clientId = 'client'

function metadata(fields: object = {}): Metadata {
  return parseMetadata(parseAuthority({ authority }), {
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/authorize`,
    token_endpoint: `${authority}/token`,
    ...fields,
  })
}

interface Settings {
  excludeScopes?: string[]
  clientCapabilities?: string[]
}
const begin = (options: InitiateAuthCodeFlowOptions = {}, settings: Settings = {}, fields?: object) =>
  createAuthCodeFlow(metadata(fields), clientId, options, settings)
const queryOf = ({ authUri }: AuthCodeFlow) => Object.fromEntries(new URL(authUri).searchParams)
const hex = (text: unknown) => createHash('sha256').update(String(text)).digest('hex')

function codeOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError)
    return (error as AuthError).code
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the authorization request', () => {
  it('has these parameters, and no others', async () => {
    const flow = await begin({ scopes: ['User.Read'] })
    expect(flow.authUri.startsWith(`${authority}/authorize?`)).toBe(true)
    expect(queryOf(flow)).toEqual({
      client_id: clientId,
      response_type: 'code',
      scope: 'User.Read offline_access openid profile',
      state: flow.state,
      code_challenge: createHash('sha256').update(String(flow.codeVerifier)).digest('base64url'),
      code_challenge_method: 'S256',
      nonce: hex(flow.nonce),
      client_info: '1',
    })
  })

  it('has all that a caller asks for, in order', async () => {
    const flow = await begin({
      scopes: ['b', 'a'],
      redirectUri: 'https://app.example/callback?x=1',
      state: 'a state',
      prompt: 'select_account',
      loginHint: 'mia@contoso.example',
      domainHint: 'contoso.example',
      claimsChallenge: '{"id_token":{}}',
      maxAge: 59_999,
      responseMode: 'form_post',
      extraScopesToConsent: ['c', 'a'],
    })
    expect(queryOf(flow)).toMatchObject({
      redirect_uri: 'https://app.example/callback?x=1',
      scope: 'a b c offline_access openid profile',
      state: 'a state',
      prompt: 'select_account',
      login_hint: 'mia@contoso.example',
      domain_hint: 'contoso.example',
      claims: '{"id_token":{}}',
      max_age: '59',
      response_mode: 'form_post',
      'X-AnchorMailbox': 'UPN:mia@contoso.example',
    })
    expect([...new URL(flow.authUri).searchParams.keys()].join()).toBe(
      'client_id,response_type,redirect_uri,scope,state,code_challenge,code_challenge_method,nonce,client_info,' +
        'login_hint,prompt,domain_hint,claims,max_age,response_mode,X-AnchorMailbox',
    )
    expect(flow.scopes).toEqual(['a', 'b', 'offline_access', 'openid', 'profile'])
  })

  it.each([
    [0, '0'],
    [999, '0'],
    [1000, '1'],
    [3_600_500, '3600'],
  ])('floors a maxAge of %i ms to %s s', async (maxAge, seconds) => {
    const flow = await begin({ maxAge })
    expect(queryOf(flow).max_age).toBe(seconds)
    expect(flow.maxAge).toBe(Number(seconds))
  })

  it('asks for sign-in only without scopes, and leaves out what is excluded', async () => {
    expect(queryOf(await begin()).scope).toBe('offline_access openid profile')
    expect(queryOf(await begin({ scopes: ['a'] }, { excludeScopes: ['offline_access', 'profile'] })).scope).toBe('a openid')
  })

  it('merges the capabilities into the claims', async () => {
    const claims = async (claimsChallenge?: string) =>
      JSON.parse(queryOf(await begin(claimsChallenge ? { claimsChallenge } : {}, { clientCapabilities: ['CP1'] })).claims!)
    expect(await claims()).toEqual({ access_token: { xms_cc: { values: ['CP1'] } } })
    expect(await claims('{"id_token":{"a":1}}')).toEqual({ id_token: { a: 1 }, access_token: { xms_cc: { values: ['CP1'] } } })
  })

  it('keeps the query of the endpoint, but for what is the protocol’s', async () => {
    const fields = { authorization_endpoint: `${authority}/authorize?p=b2c_1_x&client_id=evil&code_challenge_method=plain` }
    const { searchParams } = new URL((await begin({}, {}, fields)).authUri)
    expect(searchParams.getAll('p')).toEqual(['b2c_1_x'])
    expect(searchParams.getAll('client_id')).toEqual([clientId])
    expect(searchParams.getAll('code_challenge_method')).toEqual(['S256'])
  })

  it('S07: has the extra parameters, of which none overrides another', async () => {
    const options = { scopes: ['a'], prompt: 'login', loginHint: 'mia', maxAge: 60_000, redirectUri: 'https://app.example/' }
    const plain = queryOf(await begin(options))
    const hostile = Object.fromEntries(Object.keys(plain).map((name) => [name, 'evil']))
    const flow = await begin({ ...options, extraQueryParameters: { ...hostile, slice: 'x', empty: '' } })
    const { slice, ...others } = queryOf(flow)
    expect(slice).toBe('x')
    expect(Object.keys(others).sort()).toEqual(Object.keys(plain).sort())
    expect(Object.values(others)).not.toContain('evil')
    expect(queryOf(await begin({ extraQueryParameters: { domain_hint: 'contoso.example' } })).domain_hint).toBe('contoso.example')
  })
})

describe('the flow', () => {
  it('is plain JSON', async () => {
    const flow = await begin({ scopes: ['a'], redirectUri: 'https://app.example/', maxAge: 1000, claimsChallenge: '{}' })
    expect(JSON.parse(JSON.stringify(flow))).toEqual(flow)
    expect(structuredClone(flow)).toEqual(flow)
    expect(Object.getPrototypeOf(flow)).toBe(Object.prototype)
    expect(Object.values(flow)).not.toContain(undefined)
    expect(Object.values(await begin())).not.toContain(undefined)
  })

  it('S04: is good for ten minutes', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
    expect((await begin()).expiresAt).toBe(1_800_000_600_000)
  })

  it('S02: has a state and a nonce of at least 128 random bits, and another verifier each time', async () => {
    const flows = await Promise.all(Array.from({ length: 200 }, () => begin()))
    for (const name of ['state', 'nonce', 'codeVerifier'] as const) {
      expect(new Set(flows.map((flow) => flow[name])).size).toBe(200)
      for (const flow of flows) expect(Buffer.from(String(flow[name]), 'base64url').length).toBeGreaterThanOrEqual(16)
    }
    for (const { state, nonce, codeVerifier } of flows) expect(new Set([state, nonce, codeVerifier]).size).toBe(3)
  })

  it('S02: has a random state where an empty one is given', async () => {
    expect((await begin({ state: '' })).state.length).toBeGreaterThan(20)
    expect((await begin({ state: 'mine' })).state).toBe('mine')
  })

  it('S03: shows the provider a hash of the nonce, never the nonce or the verifier', async () => {
    const flow = await begin()
    expect(flow.authUri).not.toContain(flow.nonce)
    expect(flow.authUri).not.toContain(flow.codeVerifier)
  })

  it('S05: remembers the issuer, and whether it promises to name itself', async () => {
    expect(await begin()).toMatchObject({ issuer: `${authority}/v2.0`, authority, clientId, issRequired: false })
    const promise = (value: unknown) => begin({}, {}, { authorization_response_iss_parameter_supported: value })
    expect((await promise(true)).issRequired).toBe(true)
    expect((await promise(false)).issRequired).toBe(false)
  })
})

describe('the answer to a flow', () => {
  const good = async (more: object = {}) => ({ ...(await begin({ scopes: ['a'], state: 'state' })), ...more }) as AuthCodeFlow
  const answer = { code: 'code', state: 'state' }

  it('that fits gives the code', async () => {
    expect(checkAnswer(await good(), answer, clientId, authority)).toBe('code')
    expect(checkAnswer(await good(), { ...answer, iss: `${authority}/v2.0` }, clientId, authority)).toBe('code')
  })

  it.each<[string, object]>([
    ['empty', { state: undefined, codeVerifier: undefined, nonce: undefined, scopes: undefined, issuer: undefined }],
    ['without a state', { state: undefined }],
    ['with an empty state', { state: '' }],
    ['with a state that is no text', { state: 42 }],
    ['S01: without a verifier', { codeVerifier: undefined }],
    ['S01: with an empty verifier', { codeVerifier: '' }],
    ['S01: with a short verifier', { codeVerifier: 'x'.repeat(42) }],
    ['S01: with a verifier that is a list', { codeVerifier: Array(43).fill('x') }],
    ['without a nonce', { nonce: undefined }],
    ['with an empty nonce', { nonce: '' }],
    ['without an issuer', { issuer: undefined }],
    ['with an issuer that is no text', { issuer: 42 }],
    ['without scopes', { scopes: undefined }],
    ['with scopes that are a text', { scopes: 'a' }],
  ])('to a flow %s is invalid_argument', async (_, change) => {
    const flow = await good(change)
    expect(codeOf(() => checkAnswer(flow, { ...answer, iss: `${authority}/v2.0` }, clientId, authority))).toBe('invalid_argument')
  })

  it('S02: of another state is state_mismatch, before all else', async () => {
    const flow = await good({ issRequired: true })
    expect(codeOf(() => checkAnswer(flow, { ...answer, state: 'other', iss: 'evil' }, 'other', 'other'))).toBe('state_mismatch')
  })

  it('S05: of another issuer is issuer_mismatch', async () => {
    const flow = await good()
    expect(codeOf(() => checkAnswer(flow, { ...answer, iss: 'https://evil.example' }, clientId, authority))).toBe('issuer_mismatch')
    expect(codeOf(() => checkAnswer({ ...flow, issRequired: true }, answer, clientId, authority))).toBe('issuer_mismatch')
  })

  it('S05: at another client or authority is flow_unknown', async () => {
    const flow = await good()
    expect(codeOf(() => checkAnswer(flow, answer, 'other', authority))).toBe('flow_unknown')
    expect(codeOf(() => checkAnswer(flow, answer, clientId, `${authority}2`))).toBe('flow_unknown')
  })

  it('scopes are those of the flow, or some of them', async () => {
    const flow = await begin({ scopes: ['a', 'b'], extraScopesToConsent: ['c'] })
    expect(redeemedScopes(flow, undefined, undefined)).toEqual(['a', 'b', 'offline_access', 'openid', 'profile'])
    expect(redeemedScopes(flow, ['b'], undefined)).toEqual(['b', 'offline_access', 'openid', 'profile'])
    expect(codeOf(() => redeemedScopes(flow, ['a', 'x'], undefined))).toBe('scope_not_in_flow')
    expect(codeOf(() => redeemedScopes(flow, ['c'], undefined))).toBe('scope_not_in_flow')
    const short = await begin({ scopes: ['a', 'b'] }, { excludeScopes: ['profile'] })
    expect(redeemedScopes(short, ['a'], ['profile'])).toEqual(['a', 'offline_access', 'openid'])
  })

  it('S08: is redeemed with what the flow holds', async () => {
    const flow = await begin({ scopes: ['a'], redirectUri: 'https://app.example/callback?x=1', maxAge: 60_000, claimsChallenge: '{"a":1}' })
    const copy = JSON.parse(JSON.stringify(flow))
    expect(await redemption(flow, 'code', ['a', 'openid'], ['CP1'])).toEqual({
      issuer: `${authority}/v2.0`,
      fields: {
        code: 'code',
        redirect_uri: 'https://app.example/callback?x=1',
        scope: 'a openid',
        code_verifier: flow.codeVerifier,
        claims: '{"a":1,"access_token":{"xms_cc":{"values":["CP1"]}}}',
      },
      nonce: queryOf(flow).nonce,
      maxAge: 60,
    })
    // C10: another try finds the flow as it was.
    expect(flow).toEqual(copy)
  })
})
