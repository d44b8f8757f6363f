import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LogRecord } from '../../../src/core/index.ts'
import type { ManagedIdentitySource } from '../../../src/node/managed-identity/sources.ts'
import { canary, leaks } from '../../support/canary.ts'
import {
  arcFiles,
  clientOn,
  failure,
  header,
  inSeconds,
  key,
  machine,
  type Platform,
  resource,
  secret,
  sources,
  startPlatform,
  token,
  variablesFor,
} from './support.ts'

let server: Platform
beforeEach(async () => {
  server = await startPlatform()
})
afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

const on = (source: ManagedIdentitySource, mood: string) => machine(variablesFor[source](server.url(mood)), arcFiles())
const ask = (source: ManagedIdentitySource, mood = 'token') =>
  clientOn(on(source, mood)).acquireTokenForClient({ resource, correlationId: 'c-1' })

describe('S11 S39 an answer that is wrong', () => {
  const moods = [
    'html',
    'empty',
    'array',
    'null',
    'number',
    'string',
    'half-json',
    'bom',
    'bad-utf8',
    'cut-utf8',
    'nested',
    'nested-object',
  ]
  it.each([...moods, 'truncate', 'rst-body', 'no-content', '301', '302', '303', '307', '308'])('%s', async (mood) => {
    for (const source of sources) {
      if (source === 'azure_arc') continue
      const code = mood === 'rst-body' ? expect.stringMatching(/bad_response|unreachable/) : 'bad_response'
      expect(await failure(ask(source, mood)), source).toMatchObject({ name: 'NetworkError', code })
    }
    expect(server.hits.some(({ path }) => path.startsWith('/ok'))).toBe(false)
  })

  it('S38 one that is too large', async () => {
    expect(await failure(ask('app_service', 'huge'))).toMatchObject({ code: 'too_large' })
  })

  it.each<[string, object]>([
    ['no token', { access_token: undefined }],
    ['an empty token', { access_token: '' }],
    ['a token of another type', { access_token: { canary: canary('token') } }],
    ['a type that is not asked for', { token_type: 'pop' }],
    ['a type that is none', { token_type: 5 }],
    ['no end', { expires_in: undefined, expires_on: undefined }],
    ['an end of nothing', { expires_in: null, expires_on: '' }],
    ['a date', { expires_in: undefined, expires_on: '2030-01-01T00:00:00Z' }],
    ['a word', { expires_in: 'soon', expires_on: 'soon' }],
    ['a negative life', { expires_in: -1, expires_on: -1 }],
    ['a negative life as a string', { expires_in: '-1', expires_on: '-1' }],
    ['a number in another notation', { expires_in: '1e3', expires_on: '0x7fffffff' }],
    ['a true life', { expires_in: true, expires_on: true }],
    ['a list', { expires_in: [3600], expires_on: [3600] }],
    ['a time to renew that is a word', { refresh_in: 'x' }],
  ])('%s', async (_, more) => {
    server.content = () => token(3600, { secret: canary('answer'), ...more })
    for (const source of sources) {
      const error = await failure(ask(source))
      expect(error, source).toMatchObject({ name: 'NetworkError', code: 'bad_response', correlationId: 'c-1' })
    }
  })

  it.each<[string, object, ManagedIdentitySource, number]>([
    ['strings', { expires_in: '100', expires_on: '99999' }, 'imds', 100],
    ['numbers', { expires_in: 100.9, expires_on: 99_999 }, 'imds', 100],
    ['the end alone', { expires_in: undefined, expires_on: String(inSeconds(0)) }, 'imds', 0],
    ['a life of null', { expires_in: null, expires_on: 5 }, 'imds', 0],
    ['an empty life', { expires_in: '', expires_on: '5' }, 'azure_arc', 0],
    ['a life alone', { expires_in: '100', expires_on: undefined }, 'app_service', 100],
    ['a life without end', { expires_in: 1e308 }, 'imds', 365 * 86_400],
    ['nothing but a token and its life', { token_type: undefined, resource: undefined, expires_in: 1 }, 'imds', 1],
  ])('is not one with %s', async (_, more, source, life) => {
    server.content = () => token(3600, more)
    const before = inSeconds(0)
    const { expiresOn, refreshOn, tokenType } = await ask(source)
    expect(tokenType).toBe('Bearer')
    expect(expiresOn.getTime() / 1000 - before).toBeGreaterThanOrEqual(life)
    expect(expiresOn.getTime() / 1000 - before).toBeLessThan(life + 60)
    if (refreshOn) expect(refreshOn.getTime() / 1000 - before).toBeLessThan(life / 2 + 60)
  })

  it('counts by the end where the platform gives no other time', async () => {
    const end = inSeconds(5000)
    server.content = () => token(3600, { expires_in: '77', expires_on: String(end) })
    for (const source of ['app_service', 'machine_learning', 'service_fabric'] as const) {
      expect(Math.abs((await ask(source)).expiresOn.getTime() / 1000 - end), source).toBeLessThan(60)
    }
    expect((await ask('imds')).expiresOn.getTime() / 1000).toBeLessThan(inSeconds(100))
  })
})

describe('a refusal', () => {
  const fabric = (code: string) => ({ error: { code, message: 'm', correlationId: 'x' } })
  it.each<[ManagedIdentitySource, number, object, string, string | undefined]>([
    ['imds', 400, { error: 'invalid_request', error_description: 'Identity not found' }, 'invalid_request', 'Identity not found'],
    ['imds', 200, { error: 'invalid_resource', access_token: 'x', expires_in: 1 }, 'invalid_resource', undefined],
    ['app_service', 400, { statusCode: 400, message: 'No identity' }, 'invalid_scope', '400, No identity'],
    ['app_service', 500, { statusCode: 500, message: 'No identity' }, 'invalid_scope', '500, No identity'],
    ['app_service', 200, { statusCode: 500, message: 'No identity' }, 'invalid_scope', '500, No identity'],
    ['app_service', 403, {}, 'invalid_scope', '403, '],
    ['machine_learning', 400, { error: { code: 'x' } }, 'invalid_scope', '{"error":{"code":"x"}}'],
    ['service_fabric', 400, fabric('SecretHeaderNotFound'), 'unauthorized_client', undefined],
    ['service_fabric', 404, fabric('ManagedIdentityNotFound'), 'invalid_client', undefined],
    ['service_fabric', 400, fabric('ArgumentNullOrEmpty'), 'invalid_scope', undefined],
    ['service_fabric', 500, fabric('constructor'), 'invalid_request', JSON.stringify(fabric('constructor'))],
    ['azure_arc', 400, { error: 'x', error_description: 'y' }, 'invalid_request', '{"error":"x","error_description":"y"}'],
    ['azure_arc', 401, {}, 'invalid_request', '{}'],
    ['cloud_shell', 400, { error: { code: 'AudienceNotSupported', message: 'm' } }, 'AudienceNotSupported', 'm'],
    ['cloud_shell', 400, { error: 'invalid_resource' }, 'invalid_resource', undefined],
  ])('%s, %i %j: %s', async (source, code, body, error, description) => {
    server.status = code
    server.content = () => body
    const caught = await failure(ask(source))
    expect(caught).toMatchObject({ name: 'ServerError', code: 'server_error', error, status: code, correlationId: 'c-1' })
    if (description !== undefined) expect(caught.errorDescription).toBe(description)
  })

  it.each<[ManagedIdentitySource, number, object, string]>([
    ['imds', 400, { message: 'x' }, 'bad_response'],
    ['imds', 200, {}, 'bad_response'],
    ['imds', 201, { ...token() }, 'bad_response'],
    ['app_service', 200, { hello: 1 }, 'bad_response'],
    ['service_fabric', 400, {}, 'bad_response'],
    ['cloud_shell', 400, {}, 'bad_response'],
    ['azure_arc', 500, {}, 'server_unavailable'],
    ['machine_learning', 502, {}, 'server_unavailable'],
  ])('that is none: %s, %i %j', async (source, code, body, error) => {
    server.status = code
    server.content = () => body
    expect(await failure(ask(source))).toMatchObject({ name: 'NetworkError', code: error, status: code })
  })

  it.each<[ManagedIdentitySource, string]>([
    ['service_fabric', header],
    ['app_service', header],
    ['machine_learning', secret],
    ['azure_arc', key],
  ])('S69 S71 shows neither a secret that came back nor a control character: %s', async (source, sent) => {
    server.status = 400
    // A control character that JSON does not escape.
    const text = `\u009b31m${sent}`
    server.content = () => ({ error: { code: 'x', message: text }, message: text, access_token: canary('token') })
    const error = await failure(ask(source))
    expect(error.errorDescription).toContain('***')
    expect(error.errorDescription).not.toContain('\u009b')
  })

  it.each(['machine_learning', 'azure_arc', 'service_fabric'] as const)('S69 shows no secret in any spelling: %s', async (source) => {
    server.status = 400
    const text = 'p\\"a\\\\ss\\/word, \\u0070\\u0022a\\u005css\\u002fword'
    server.content = () => `{ "error": {"code": "x", "message": "${text}"} }`
    const odd = 'p"a\\ss/word'
    const variables = { ...variablesFor[source](server.url('token')), IDENTITY_HEADER: odd, MSI_SECRET: odd }
    if (source === 'azure_arc') Object.assign(variables, { IDENTITY_HEADER: undefined })
    const place = machine(variables, arcFiles(odd))
    const error = await failure(clientOn(place).acquireTokenForClient({ resource }))
    expect(error.errorDescription).toBe('{"error":{"code":"x","message":"***, ***"}}')
  })

  it('S70 logs no secret', async () => {
    const records: LogRecord[] = []
    for (const source of sources) {
      const logger = (record: LogRecord) => records.push(record)
      for (const mood of ['token', 'html', 'rst']) {
        await clientOn(on(source, mood), { logger })
          .acquireTokenForClient({ resource })
          .catch(() => {})
      }
    }
    expect(records.length).toBeGreaterThanOrEqual(sources.length)
    expect(leaks(records)).toEqual([])
  })
})
