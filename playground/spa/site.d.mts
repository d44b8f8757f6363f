import type { Api } from '../api/index.mjs'
import type { Provider } from '../provider/index.mjs'

export interface Site {
  url: string
  pages: Map<string, { headers: Record<string, string>; body: string }>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export function startSite(options: { provider: Provider; api: Api; port?: number }): Promise<Site>
