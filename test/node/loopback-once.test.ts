import { describe, expect, test } from 'vitest'
import { PublicClientApplication } from '../../src/core/index.ts'
import { loopback } from '../../src/node/index.ts'
import { alice, FakeProvider } from '../support/fake-provider.ts'
import { post, send } from './loopback-support.ts'

describe('S04 the answer that comes twice at once', () => {
  test.each([
    ['by GET', (port: number, answer: URLSearchParams) => send(port, `/?${answer}`)],
    ['as a form', (port: number, answer: URLSearchParams) => post(port, String(answer))],
  ])('is redeemed once: %s', async (_, come) => {
    const provider = new FakeProvider()
    // Both have come before either is redeemed.
    const gate = provider.hold()
    let replies: Promise<{ status: number }[]> | undefined
    const interaction = loopback({
      openBrowser: (url) => {
        const { port } = new URL(new URL(url).searchParams.get('redirect_uri')!)
        const { searchParams } = new URL(provider.signIn(url))
        replies = Promise.all(Array.from({ length: 4 }, () => come(Number(port), searchParams)))
      },
    })
    const app = new PublicClientApplication({
      clientId: '33333333-3333-4333-8333-333333333333',
      authority: 'https://login.microsoftonline.com/contoso.example',
      fetch: provider.fetch,
      interaction,
    })
    const result = app.acquireTokenInteractive({ scopes: ['User.Read'] })
    await gate.arrived()
    expect((await replies!).map(({ status }) => status).sort()).toEqual([200, 404, 404, 404])
    gate.open()
    expect((await result).account.username).toBe(alice.username)
    expect(provider.count('authorization_code')).toBe(1)
  })
})
