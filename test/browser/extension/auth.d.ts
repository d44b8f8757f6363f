import type { CacheStore, Interaction, PublicClientApplication, PublicClientOptions } from '../../../src/core/index.ts'

export const webAuthFlow: Interaction
export const sessionStore: CacheStore
export function createApp(options: PublicClientOptions): PublicClientApplication
