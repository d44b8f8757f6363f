import { type Api, startApi } from '../../playground/api/index.mjs'
import { type Provider, type ProviderOptions, startProvider } from '../../playground/provider/index.mjs'

export { createCertificate, tenants, users } from '../../playground/provider/index.mjs'
export { Browser, signIn } from './sign-in.ts'

export interface Playground {
  provider: Provider
  api: Api
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts the look-alike of the Microsoft identity platform and its protected API in this process, on free ports. */
export async function startPlayground(options: ProviderOptions = {}): Promise<Playground> {
  const provider = await startProvider(options)
  const api = await startApi({ provider })
  async function close(): Promise<void> {
    await Promise.all([api.close(), provider.close()])
  }
  return { provider, api, close, [Symbol.asyncDispose]: close }
}
