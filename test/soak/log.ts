// What is written down during a soak. Times are milliseconds since 1970 by the true clock.
import type { Mood } from './provider.ts'

/** A refresh token that came to the provider. */
export interface Use {
  at: number
  user: string
  /** The number of the session, -1 where there is none. */
  session: number
  token: string
  process: string
  /** `rotated`: it is spent; `refused`: an `invalid_grant`; `failed`: nothing was done. */
  outcome: 'rotated' | 'refused' | 'failed'
  spentAt?: number
  mood?: Mood
  /** When the connection or the answer ended, and whether the whole answer had gone out by then. */
  end?: number
  delivered?: boolean
}

/** A process asked the library for a user's token. */
export interface Call {
  process: string
  user: string
  from: number
  to: number
  /** The session that the token is of; null where the user would have to sign in; undefined where the call failed. */
  session?: number | null
  /** The user that the token is of. */
  tokenOf?: string
  error?: string
}

/** Something happened to a process, or to all of them (`*`). */
export interface Incident {
  process: string
  kind: 'killed' | 'frozen' | 'starved' | 'store failed' | 'store down' | 'cut off' | 'clock'
  from: number
  to: number
  detail?: string
}

/** A sign-in, or a sign-out, that the store has acknowledged. */
export interface Change {
  kind: 'sign-in' | 'sign-out'
  user: string
  /** The session that begins or ends. */
  session: number
  from: number
  to: number
  /** It was asked for while a refresh of the same user was in flight. */
  inFlight?: boolean
}

/** What the store held of a signed-out user. */
export interface Look {
  user: string
  at: number
  found: string[]
}

/** Bytes of the heap of a process after a collection of garbage. */
export interface Heap {
  process: string
  at: number
  used: number
}

/** What a process served once everything was well again. */
export interface Verdict {
  process: string
  user: string
  /** What is expected, and what came. */
  expected: number
  got: string
}

export interface Log {
  from: number
  to: number
  uses: Use[]
  calls: Call[]
  incidents: Incident[]
  changes: Change[]
  looks: Look[]
  heaps: Heap[]
  /** Of every session, when the provider ended it. */
  revoked: Map<number, number>
  /** Documents in the store that were not whole. */
  torn: string[]
  /** Where the end differs from what it should be. */
  verdicts: Verdict[]
}
