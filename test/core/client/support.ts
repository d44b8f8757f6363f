import { expect } from 'vitest'
import {
  type AccountInfo,
  type AnyAuthError,
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  isAuthError,
  PublicClientApplication,
  type PublicClientOptions,
  SerializableTokenCache,
} from '../../../src/core/index.ts'
import { alice, FakeProvider, type Person } from '../../support/fake-provider.ts'
import { scan } from '../../support/scan.ts'

export const clientId = '33333333-3333-4333-8333-333333333333'
export const authority = 'https://login.microsoftonline.com/contoso.example'
export const scopes = ['User.Read']

export function publicClient(provider: FakeProvider, options: Partial<PublicClientOptions> = {}): PublicClientApplication {
  return new PublicClientApplication({ clientId, authority, fetch: provider.fetch, logger: scan, ...options })
}

export function confidentialClient(
  provider: FakeProvider,
  options: Partial<ConfidentialClientOptions> = {},
): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    clientId,
    authority,
    clientCredential: 'a-secret',
    fetch: provider.fetch,
    logger: scan,
    ...options,
  })
}

export interface SignInSettings extends Partial<PublicClientOptions> {
  person?: Person
  scopes?: readonly string[]
  provider?: FakeProvider
  tokenCache?: SerializableTokenCache
}

/** A client whose user has just signed in; the provider's log begins after that. */
export async function signedIn({ person = alice, scopes: asked = scopes, provider = new FakeProvider(), ...options }: SignInSettings = {}) {
  const tokenCache = options.tokenCache ?? new SerializableTokenCache()
  const app = publicClient(provider, { ...options, tokenCache })
  const flow = await app.initiateAuthCodeFlow({ scopes: asked, redirectUri: 'https://app.example/' })
  const result = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })
  provider.requests.length = 0
  return { provider, app, tokenCache, account: result.account, result }
}

/** What a promise rejects with, which has to be an error of ours. */
export async function errorOf(promise: Promise<unknown>): Promise<AnyAuthError & Record<string, unknown>> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`It resolved to ${JSON.stringify(outcome.value)}.`)
  if (!isAuthError(outcome.error)) throw outcome.error
  return outcome.error as AnyAuthError & Record<string, unknown>
}

export const codeOf = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).code

/** Lets everything run that waits for nothing but other promises, modules included. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The secrets of the stored entries of one kind. */
export async function secrets(cache: SerializableTokenCache, type: 'AccessToken' | 'RefreshToken' | 'IdToken'): Promise<string[]> {
  return (await cache.find(type)).map((entity) => (entity as { secret: string }).secret)
}

/** The same, of what a store holds. */
export function storedSecrets(content: ReadonlyMap<string, { value: string }>, type: 'AccessToken' | 'RefreshToken' | 'IdToken'): string[] {
  const partitions = [...content.values()].map(({ value }): Record<string, Record<string, { secret: string }>> => JSON.parse(value))
  return partitions.flatMap((sections) => Object.values(sections[type] ?? {}).map(({ secret }) => secret))
}

export const unknownAccount: AccountInfo = {
  homeAccountId: 'no-body.no-where',
  environment: 'login.microsoftonline.com',
  tenantId: 'no-where',
  localAccountId: null,
  username: '',
  authorityType: 'MSSTS',
}

/** Asserts that nothing was asked of the provider meanwhile, nor any JSON read or written. */
export async function withoutWork<T>(provider: FakeProvider, task: () => Promise<T>): Promise<T> {
  const { parse, stringify } = JSON
  const before = provider.requests.length
  let calls = 0
  JSON.parse = (...args) => {
    calls++
    return parse(...args)
  }
  JSON.stringify = ((...args: Parameters<typeof stringify>) => {
    calls++
    return stringify(...args)
  }) as typeof stringify
  let value: T
  try {
    value = await task()
  } finally {
    Object.assign(JSON, { parse, stringify })
  }
  expect(calls).toBe(0)
  expect(provider.requests.length).toBe(before)
  return value
}
