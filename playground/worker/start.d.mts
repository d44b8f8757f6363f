import type { Miniflare } from 'miniflare'

export interface Environment {
  provider: string
  tenants: { id: string }[]
  clients: Record<string, object>
  /** The address of the notes. */
  api: string
}

export interface RunningWorker {
  url: string
  workerd: Miniflare
  runJob(): Promise<{ outcome: string }>
  close(): Promise<void>
}

export function startWorker(environment: Environment, options?: { contents?: string }): Promise<RunningWorker>
