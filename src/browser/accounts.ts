import { accountIn } from '../core/cache/account.ts'
import { currentUsers } from '../core/cache/listing.ts'
import { contextOf } from '../core/client/context.ts'
import { type AccountInfo, type ClientApplication, ClientConfigurationError } from '../core/index.ts'
import { type Choice, storedChoice } from './stored-choice.ts'

/** Who has signed in, for a user interface: see {@link accounts}. Its functions may be passed on without it. */
export interface Accounts {
  /** The accounts, ordered by their ids; frozen, and the same array until something changes. */
  get(): readonly AccountInfo[]
  /** The account that the page works with, one of those that `get` returns; null: none. Set it when the person chooses. */
  active: AccountInfo | null
  /** Has a listener called whenever `get` or `active` would return something else, and returns how to stop. */
  subscribe(listener: () => void): () => void
}

const known = /* @__PURE__ */ new WeakMap<ClientApplication, Accounts>()

/**
 * The accounts of a client as user interfaces want them: a snapshot that can be had at once, and a subscription. It follows what other tabs
 * do where the token cache is kept in a store that tells (`indexedDbStore`). Over a store the first snapshot holds what is in memory, and
 * subscribers are told as soon as the store has been read. The same object for the same client; it works only while somebody subscribes,
 * or asks.
 *
 * Who signs in while nobody else is signed in becomes `active` by itself, as does the only account of a person who has never chosen. When
 * the active account signs out, in any tab, `active` is null: no other account takes its place unasked. The choice is kept by client id
 * for later visits and the other tabs, in `localStorage` (the account's id and nothing else), or in memory where that is refused.
 *
 * @throws ClientConfigurationError `invalid_argument` for what is no client
 * @example
 * ```tsx
 * const { get, subscribe } = accounts(app)
 * const useAccounts = () => useSyncExternalStore(subscribe, get) // React
 * const useActiveAccount = () => useSyncExternalStore(subscribe, () => accounts(app).active)
 * ```
 */
export function accounts(app: ClientApplication): Accounts {
  const present = known.get(app) ?? create(app)
  known.set(app, present)
  return present
}

function create(app: ClientApplication): Accounts {
  const context = contextOf(app)
  if (!context) throw new ClientConfigurationError('invalid_argument', 'accounts() needs a client.')
  const { memory, authority, clientId } = context
  const choice = storedChoice(`msal-isomorphic.active.${clientId}`)
  const listeners = new Set<() => void>()
  let snapshot: readonly AccountInfo[] = Object.freeze([])
  /** Whether memory holds what the store does. */
  let isComplete = !memory.level
  let loading = false
  let again = false
  let told: readonly unknown[] = [snapshot, null]

  /** Takes over what memory holds now. */
  function look(): readonly AccountInfo[] {
    const found = [...memory.users.values()]
      .flatMap((partition) => accountIn(partition, authority) ?? [])
      .sort((a, b) => (a.homeAccountId < b.homeAccountId ? -1 : 1))
      .map((account) => snapshot.find((before) => JSON.stringify(before) === JSON.stringify(account)) ?? Object.freeze(account))
    const before = snapshot
    if (found.length !== before.length || found.some((account, index) => account !== before[index])) snapshot = Object.freeze(found)
    if (isComplete) follow(choice, before, snapshot)
    return snapshot
  }

  const active = () => find(look(), choice.get()) ?? null

  function tell(): void {
    // The accounts of earlier visits come one by one, and are told of together.
    if (!isComplete) return
    const now = [active(), snapshot]
    if (now.every((part, index) => part === told[index])) return
    told = now
    for (const listener of listeners) {
      try {
        listener()
      } catch (error) {
        // Its own affair, and none of the sign-in's that it was told of.
        globalThis.reportError?.(error)
      }
    }
  }

  /** Reads what is new in the store, one time after the other. */
  async function load(): Promise<void> {
    again = true
    if (loading || !memory.level) return
    loading = true
    while (again) {
      again = false
      await currentUsers(memory).catch(() => {})
      if (!isComplete) {
        // Those of earlier visits have not come just now.
        look()
        isComplete = true
      }
      tell()
    }
    loading = false
  }

  function changed(): void {
    tell()
    load()
  }

  return {
    get() {
      if (!listeners.size) load()
      return look()
    },
    get active() {
      if (!listeners.size) load()
      return active()
    },
    set active(account) {
      choice.set(account?.homeAccountId ?? '')
      tell()
    },
    subscribe(listener) {
      const own = () => listener()
      if (!listeners.size) {
        told = [active(), snapshot]
        memory.listeners.add(changed)
        globalThis.addEventListener?.('storage', tell)
        load()
      }
      listeners.add(own)
      return () => {
        if (!listeners.delete(own) || listeners.size) return
        memory.listeners.delete(changed)
        globalThis.removeEventListener?.('storage', tell)
      }
    },
  }
}

const find = (all: readonly AccountInfo[], id: string | null) => all.find(({ homeAccountId }) => homeAccountId === id)

/** Keeps the choice in step with who is there. */
function follow(choice: Choice, before: readonly AccountInfo[], now: readonly AccountInfo[]): void {
  const chosen = choice.get()
  const gone = chosen && find(before, chosen) && !find(now, chosen)
  if (gone) choice.set('')
  if (!now.length && (gone || chosen === '')) choice.set(null)
  const [only] = now
  if (now.length === 1 && only && (chosen === null || !find(before, only.homeAccountId))) choice.set(only.homeAccountId)
}
