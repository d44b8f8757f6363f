import type { Interaction } from '../core/ports.ts'
import type { AuthorizeOptions, FakeProvider } from './fake-provider.ts'

/**
 * Signs in at a fake provider without a person. Set `user` or `error` of the options at any time; they count from the next sign-in on.
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
 * const { account } = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
 * ```
 */
export function fakeInteraction(provider: FakeProvider, options: AuthorizeOptions & { redirectUri?: string } = {}): Interaction {
  return {
    responseModes: ['query'],
    begin: () => ({
      redirectUri: options.redirectUri ?? 'https://app.example/signed-in',
      authorize: async ({ url, signal }) => {
        const { url: answer } = await provider.authorize(url, options)
        signal.throwIfAborted()
        return answer
      },
      close() {},
    }),
  }
}
