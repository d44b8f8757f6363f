import { NetworkError } from '../core/errors.ts'
import { ask, type KvNamespace, leastLife, statusOf } from './kv-namespace.ts'

/** What a partition holds; no value: it has been removed. Of two versions the greater one as a text is the newer. */
export interface Stored {
  version: string
  value: string | undefined
}

/** What this isolate has written to one key. */
interface Slot extends Stored {
  partition: string
  /** Seconds. */
  life: number | undefined
  /** What KV is known to have taken last. */
  taken: Stored | undefined
  /** When KV may be sent the next one, in milliseconds since 1970. */
  free: number
  /** Until when it may not show yet in KV. */
  until: number
}

/** For so long a location may see what was there before. */
const staleness = 60_000
/** A removal is kept longer than any location takes the partition for present. */
const removalLife = 3600
const putTimeout = 5000
const pause = 1000
const repetitions = 2
const capacity = 1000

/**
 * What an isolate has written to a namespace within the last minute, at most 1 000 keys. No promise is shared between calls: one may belong
 * to a request that is cancelled, and would never settle. Calls watch each other's results instead.
 */
export class KvWrites {
  readonly #namespace: KvNamespace
  readonly #slots = new Map<string, Slot>()

  constructor(namespace: KvNamespace) {
    this.#namespace = namespace
  }

  /** What KV shows, or what was written from here where that is newer. */
  newest(key: string, shown: Stored | undefined): Stored | undefined {
    const slot = this.#slots.get(key)
    if (!slot || slot.until <= Date.now()) return shown
    return shown && shown.version > slot.version ? shown : slot
  }

  /** What was written from here to some of the keys: the partitions by their keys, undefined for those removed. */
  partitions(matches: (key: string) => boolean): Map<string, string | undefined> {
    const now = Date.now()
    const own = [...this.#slots].filter(([key, { until }]) => matches(key) && until > now)
    return new Map(own.map(([key, { partition, value }]) => [key, value === undefined ? undefined : partition]))
  }

  /** Writes a value, or a removal, and resolves to its version: greater than the one before it, whatever the clocks say. */
  async write(key: string, partition: string, value: string | undefined, before: string | undefined, ttl?: number): Promise<string> {
    const time = Math.max(Date.now(), before ? Number.parseInt(before, 36) + 1 : 0)
    const version = `${time.toString(36).padStart(9, '0')}-${crypto.randomUUID()}`
    const slot = this.#slots.get(key) ?? { taken: undefined, free: 0 }
    const life = value === undefined ? removalLife : lifeOf(ttl)
    const changed = Object.assign(slot, { partition, value, version, life, until: Date.now() + staleness })
    this.#slots.delete(key)
    this.#slots.set(key, changed)
    this.#forget()
    await this.#put(key, changed, version)
    return version
  }

  /** Returns when KV has taken this version, or a later one that was made on it. */
  async #put(key: string, slot: Slot, version: string): Promise<void> {
    for (let refusals = 0; !slot.taken || slot.taken.version < version; ) {
      if (slot.version < version) throw new NetworkError('unreachable', 'Cloudflare KV could not be asked.')
      const wait = slot.free - Date.now()
      if (wait > 0) {
        await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 20)))
        continue
      }
      const sent: Stored = { version: slot.version, value: slot.value }
      // Puts must not overtake each other; one whose request was cancelled holds up the next no longer than this.
      slot.free = Date.now() + putTimeout
      let tooSoon = false
      const send = () =>
        this.#send(key, slot).catch((error) => {
          tooSoon = statusOf(error) === '429'
          throw error
        })
      try {
        await ask(send, putTimeout)
        if (!slot.taken || slot.taken.version < sent.version) slot.taken = sent
        slot.free = 0
        slot.until = Date.now() + staleness
      } catch (error) {
        const again = tooSoon && ++refusals <= repetitions
        // Random, so that the locations that met do not meet again.
        slot.free = again ? Date.now() + pause * (1 + Math.random() / 2) : 0
        if (again) continue
        if (slot.version === sent.version) this.#takeBack(key, slot)
        throw error
      }
    }
  }

  #send(key: string, { version, partition, value, life }: Slot): Promise<void> {
    const head = `${version}\n${JSON.stringify(partition)}`
    return this.#namespace.put(key, value === undefined ? head : `${head}\n${value}`, {
      ...(life && { expirationTtl: life }),
      ...(value === undefined && { metadata: { removed: true } }),
    })
  }

  /** What KV has not taken was never there. */
  #takeBack(key: string, slot: Slot): void {
    if (slot.taken) Object.assign(slot, slot.taken)
    else if (this.#slots.get(key) === slot) this.#slots.delete(key)
  }

  #forget(): void {
    const now = Date.now()
    for (const [key, { until }] of this.#slots) {
      if (until > now && this.#slots.size <= capacity) return
      this.#slots.delete(key)
    }
  }
}

/** Whole seconds, as KV wants them; undefined: for ever. */
function lifeOf(ttl: number | undefined): number | undefined {
  return ttl === undefined || !(ttl < 1e14) ? undefined : Math.max(leastLife, Math.ceil(ttl / 1000))
}
