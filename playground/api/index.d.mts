import type { Provider } from '../provider/index.mjs'

export interface Api {
  url: string
  requests: { method: string; path: string; status: number }[]
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export function startApi(options: { provider: Provider; port?: number }): Promise<Api>
