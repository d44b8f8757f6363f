import { ClientConfigurationError } from '../core/errors.ts'
import type { AuthCodeFlow } from '../core/types.ts'
import { isRecord, parseRecord } from '../core/util/record.ts'
import { keptKeys, prefix } from './kept-keys.ts'

/** A sign-in whose page has been left. */
export interface KeptFlow {
  flow: AuthCodeFlow
  /** The address of the page that was left. */
  page: string
  /** The answer, where it has arrived on another page. */
  response?: string
}

/** Keeps a sign-in for this tab. There is one entry for each state, so no two meet; those that nobody came back for are swept. */
export function keepFlow(kept: KeptFlow): void {
  try {
    for (const key of keptKeys()) if (!((read(key)?.flow.expiresAt ?? 0) > Date.now())) sessionStorage.removeItem(key)
    sessionStorage.setItem(prefix + kept.flow.state, JSON.stringify(kept))
  } catch {
    throw new ClientConfigurationError('environment_unsupported', 'A redirect needs sessionStorage, which the browser refuses.')
  }
}

export const dropFlow = (state: string): void => sessionStorage.removeItem(prefix + state)

/** A sign-in of this tab by its state. */
export const findFlow = (state: string): KeptFlow | undefined => read(prefix + state)

/** A sign-in of this tab whose answer has arrived already. */
export function parkedFlow(wanted: (kept: KeptFlow) => boolean): KeptFlow | undefined {
  for (const key of keptKeys()) {
    const kept = read(key)
    if (kept?.response !== undefined && wanted(kept)) return kept
  }
  return undefined
}

function read(key: string): KeptFlow | undefined {
  try {
    const { flow, page, response } = parseRecord(sessionStorage.getItem(key) ?? '') ?? {}
    if (!isRecord(flow) || typeof page !== 'string' || !new URL(page).href.startsWith(`${location.origin}/`)) return undefined
    return { flow: flow as AuthCodeFlow, page, ...(typeof response === 'string' && { response }) }
  } catch {
    return undefined
  }
}
