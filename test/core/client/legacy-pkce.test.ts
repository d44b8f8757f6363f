import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { alice, FakeProvider, tokens } from '../../support/fake-provider.ts'
import { codeOf, errorOf, publicClient, scopes } from './support.ts'

const redirectUri = 'https://app.example/callback'

function created() {
  const provider = new FakeProvider()
  return { provider, app: publicClient(provider) }
}

describe('S01 the code verifier of a code that was asked for elsewhere', () => {
  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 42 characters', 'v'.repeat(42)],
    ['of 129 characters', 'v'.repeat(129)],
    ['with a reserved character', `${'v'.repeat(42)}+`],
    ['with a letter that is not ASCII', `${'v'.repeat(42)}é`],
    ['with a line end', `${'v'.repeat(43)}\n`],
    ['a list', ['v'.repeat(43)]],
    ['null', null],
  ])('is refused where it is %s, and nothing is sent', async (_, codeVerifier) => {
    const { provider, app } = created()
    const error = await errorOf(app.acquireTokenByAuthorizationCode({ code: 'c', scopes, codeVerifier: codeVerifier as string }))
    expect(error).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
    if (codeVerifier) expect(error.message).not.toContain('vvv')
    expect(provider.requests).toEqual([])
  })

  it.each(['v'.repeat(43), 'Az09-._~'.repeat(16)])('goes as it is: %s', async (codeVerifier) => {
    const { provider, app } = created()
    provider.onToken = () => tokens()
    await app.acquireTokenByAuthorizationCode({ code: 'c', scopes, codeVerifier })
    expect(provider.lastForm.code_verifier).toBe(codeVerifier)
  })
})
