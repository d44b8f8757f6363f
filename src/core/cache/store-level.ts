// Above 250 lines: reading, writing and owing a partition share one state, and none of them is of use without the others.
import { type Bounds, withDeadline } from '../util/deadline.ts'
import { toRecord } from '../util/record.ts'
import { type Entry, seconds } from './entities.ts'
import { Partition } from './partition.ts'
import type { Owner, Partitions, SecondLevel } from './partitions.ts'
import { keep, use } from './recency.ts'
import { type Content, readSections, writeSections } from './sections.ts'
import { belongs, nameOf, StoreAccess, settles } from './store-access.ts'
import { put } from './write.ts'

const day = 24 * 3600_000
/** The life of a refresh token, as far as anybody knows (Microsoft Entra ID, tokens of other clients than pages in a browser). */
const refreshTokenLife = 90 * day
const attempts = 10
// What a Worker's request has begun never settles once that request is over, nor does any timer of its own end it.
/** Milliseconds that a read of another call is waited for. */
const readPatience = 1_000
/** Milliseconds after which others write what somebody has begun to write. */
const longestSave = 30_000
/** Milliseconds between tries to write what could not be written. */
const pause = 10_000
/** Alterations of one partition that are remembered until they are written. */
const mostAlterations = 64

/** Changes a partition in memory; `again`: once more, on what somebody else has left there, which may be long after. */
type Alteration = (again: boolean) => void

/** What has been changed in memory, and not yet in the store. */
interface Debt {
  owner: Owner
  alterations: Alteration[]
  /** Whether they have left nothing of what was there. */
  emptied: boolean
  /** Whether a write of them has failed: much may have happened there since. */
  late: boolean
  /** When the last write of them began, which may still be under way; 0 where it has ended. */
  savingSince: number
}

interface State {
  access: StoreAccess
  reads: Map<string, Promise<unknown>>
  debts: Map<string, Debt>
  /** The time before which no debt is tried again, and the try that is under way since then. */
  paidFrom: number
  payingSince: number
  paying?: Promise<void> | undefined
}

const states = /* @__PURE__ */ new WeakMap<SecondLevel, State>()

function stateOf(memory: Partitions, level: SecondLevel): State {
  const known = states.get(level)
  if (known) return known
  const state: State = { access: new StoreAccess(memory, level), reads: new Map(), debts: new Map(), paidFrom: 0, payingSince: 0 }
  states.set(level, state)
  level.used = (owner) => use(memory, owner, memory.get(owner)!)
  level.close = async () => {
    state.paidFrom = 0
    state.access.wake()
    await settles(pay(memory, level), longestSave)
    level.stopWatching?.()
  }
  return state
}

/**
 * Reads a partition from the store, once for all who wait for it. A store that fails leaves memory as it is. Bounds end the wait of one
 * caller, and not the read.
 */
export function reload(memory: Partitions, level: SecondLevel, owner: Owner, bounds?: Bounds): Promise<void> {
  return bounds ? withDeadline(bounds, () => read(memory, level, owner)) : read(memory, level, owner)
}

async function read(memory: Partitions, level: SecondLevel, owner: Owner): Promise<void> {
  const name = nameOf(owner)
  const { access, reads } = stateOf(memory, level)
  for (let other = reads.get(name); other; other = reads.get(name)) {
    // Where it is out of order, one finds out, and the others go on.
    if (access.rests) return
    if (await settles(other, readPatience)) return
    if (reads.get(name) === other) break
  }
  const mine = take(memory, level, owner).finally(() => {
    if (reads.get(name) === mine) reads.delete(name)
  })
  reads.set(name, mine)
  await mine
}

/** False where the store has not answered. */
async function take(memory: Partitions, level: SecondLevel, owner: Owner): Promise<boolean> {
  const { access, debts } = stateOf(memory, level)
  const name = nameOf(owner)
  return access.during(name, async (work) => {
    const before = memory.get(owner)?.version
    // What a process that stood still meanwhile gets is as old as its question.
    const askedAt = Date.now()
    const answer = await access.read(name)
    if (!answer) return false
    const found = answer.value
    const held = memory.get(owner)
    const partition = held ?? new Partition()
    // Written from here while the answer was on its way: what came is older.
    if (partition.version !== (before ?? null)) return true
    partition.readAt = work.outdated ? 0 : askedAt
    const version = found?.version ?? null
    // The same as before: nothing to read. Memory is ahead of the store where that failed: what has never reached it is no less true.
    const debt = debts.get(name)
    const known = version === partition.version && (held || !debt)
    if (!known) {
      const content = found ? readSections(found.value) : { entries: [], foreign: {} }
      if (content) fill(memory, owner, partition, content)
      else access.report(new Error('A stored partition is not a JSON object.'))
    }
    partition.version = version
    keep(memory, level, owner, partition)
    if (!known) {
      if (debt) {
        debt.emptied = false
        alter(memory, debt, debt.alterations, true)
      }
      memory.changed()
    }
    payBehind(memory, level)
    return true
  })
}

/** Takes over what the store holds. */
function fill(memory: Partitions, owner: Owner, partition: Partition, { entries, foreign }: Content): void {
  partition.remove(() => true)
  for (const entry of entries) {
    const { type, key, entity } = entry
    if (type === 'AppMetadata') put(memory.shared, type, entity)
    else if (belongs(owner, entity)) partition.load(entry)
    // Somebody else's: it is kept for whoever put it there, and serves nobody.
    else foreign[type] = Object.assign(toRecord(), foreign[type], { [key]: entity })
  }
  partition.foreign = foreign
}

/**
 * Changes a partition in memory and in the store. Where somebody else was faster, the change is made again on what they left; where the
 * store fails, it is written when that is well again.
 */
export async function change(memory: Partitions, level: SecondLevel, owner: Owner, alteration: Alteration): Promise<void> {
  const { debts } = stateOf(memory, level)
  const name = nameOf(owner)
  // It may have left memory meanwhile, which must not pass for an empty one.
  if (!memory.get(owner)) await take(memory, level, owner)
  const debt = debts.get(name) ?? { owner, alterations: [], emptied: false, late: false, savingSince: 0 }
  debts.set(name, debt)
  debt.alterations.push(alteration)
  alter(memory, debt, [alteration], false)
  await save(memory, level, debt)
  // The store is down for long: memory is bounded all the same.
  if (debt.alterations.length > mostAlterations) debt.alterations.shift()
  for (const [oldest, { savingSince }] of debts) {
    if (debts.size <= level.maxPartitions) break
    if (!isUnderWay(savingSince)) debts.delete(oldest)
  }
}

const isUnderWay = (since: number) => Math.abs(Date.now() - since) < longestSave

function alter(memory: Partitions, debt: Debt, alterations: readonly Alteration[], again: boolean): void {
  for (const alteration of alterations) {
    const before = memory.get(debt.owner)?.entries.length
    alteration(again)
    const after = memory.get(debt.owner)?.entries.length
    if (after) debt.emptied = false
    else if (before) debt.emptied = true
  }
}

/** Writes a debt off, if the store can be asked. */
async function save(memory: Partitions, level: SecondLevel, debt: Debt): Promise<void> {
  debt.savingSince = Date.now()
  const state = stateOf(memory, level)
  const name = nameOf(debt.owner)
  const saved = await state.access.during(name, async (work) => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const { owner } = debt
      // One that has left memory must not pass for an empty one, nor who has come back since for signed out.
      if (!memory.get(owner) && (debt.late || !debt.emptied) && !(await take(memory, level, owner))) return false
      const partition = memory.get(owner)
      const written = new Set(debt.alterations)
      if (!partition?.entries.length) {
        if (debt.emptied && !(await state.access.remove(name))) return false
      } else {
        const options = { version: partition.version, ttl: lifeOf(owner, partition) }
        const askedAt = Date.now()
        const answer = await state.access.write(name, contentOf(memory, partition), options)
        if (!answer) return false
        if (answer.value === 'conflict') {
          if (!(await take(memory, level, owner))) return false
          continue
        }
        partition.version = answer.value
        partition.readAt = work.outdated ? 0 : askedAt
        keep(memory, level, owner, partition)
      }
      debt.alterations = debt.alterations.filter((alteration) => !written.has(alteration))
      return true
    }
    state.access.report(new Error('A partition was changed by others each time it was to be written.'))
    return false
  })
  debt.savingSince = 0
  debt.late = !saved
  if (!debt.alterations.length && state.debts.get(name) === debt) state.debts.delete(name)
  if (saved) payBehind(memory, level)
  else state.paidFrom = Date.now() + pause
}

/** Writes, now that the store answers, what could not be written before. Nobody waits for it. */
function payBehind(memory: Partitions, level: SecondLevel): void {
  const state = stateOf(memory, level)
  if (state.debts.size && !isPausing(state)) pay(memory, level)
}

/** Further ahead than a pause: the clock has been set back. */
function isPausing({ paidFrom }: State): boolean {
  const rest = paidFrom - Date.now()
  return rest > 0 && rest <= pause
}

function pay(memory: Partitions, level: SecondLevel): Promise<void> {
  const state = stateOf(memory, level)
  const payAll = async () => {
    for (const debt of [...state.debts.values()]) {
      if (!isUnderWay(debt.savingSince)) await save(memory, level, debt)
      if (isPausing(state)) break
    }
  }
  if (state.paying && isUnderWay(state.payingSince)) return state.paying
  state.payingSince = Date.now()
  const paying = payAll().finally(() => {
    if (state.paying === paying) state.paying = undefined
  })
  state.paying = paying
  return paying
}

/** Runs a task while nobody else, in any process, renews the same partition, on what the store holds then. */
export async function exclusively<T>(memory: Partitions, level: SecondLevel, owner: Owner, task: () => Promise<T>): Promise<T> {
  let begun: Promise<T> | undefined
  const run = () => {
    begun ??= take(memory, level, owner).then(task)
    return begun
  }
  await stateOf(memory, level).access.lock(nameOf(owner), run)
  // A lock that cannot be had must not keep a person from their token: the version still guards the store.
  return run()
}

/** All users that the store can tell of, also where they are more than memory may hold. */
export function reloadUsers(memory: Partitions, level: SecondLevel, bounds?: Bounds): Promise<ReadonlyMap<string, Partition>> {
  return bounds ? withDeadline(bounds, () => readUsers(memory, level)) : readUsers(memory, level)
}

async function readUsers(memory: Partitions, level: SecondLevel): Promise<ReadonlyMap<string, Partition>> {
  const users = new Map<string, Partition>()
  const see = async (user: string) => {
    await memory.current({ user })
    const partition = memory.users.get(user)
    if (partition) users.set(user, partition)
  }
  for await (const name of stateOf(memory, level).access.list()) {
    if (name.startsWith('user:')) await see(name.slice('user:'.length))
  }
  // Who has signed out elsewhere is no longer listed.
  for (const user of [...memory.users.keys()]) if (!users.has(user)) await see(user)
  return users
}

/** Removes the partitions of an application that the store can tell of, and those that are given. */
export async function removeApps(
  memory: Partitions,
  level: SecondLevel,
  isOurs: (id: string) => boolean,
  known: readonly string[],
): Promise<void> {
  const ids = new Set(known)
  const prefix = nameOf({ app: '' })
  for await (const name of stateOf(memory, level).access.list()) {
    const id = name.startsWith(prefix) && name.slice(prefix.length)
    if (id && isOurs(id)) ids.add(id)
  }
  for (const app of ids) await change(memory, level, { app }, () => void memory.apps.delete(app))
}

/** The partition in the unified schema, with what is known of the clients in it. */
function contentOf({ shared }: Partitions, { entries, foreign }: Partition): string {
  const clients = new Set(entries.map(({ entity }) => entity.client_id))
  return writeSections([...entries, ...shared.entries.filter(({ entity }) => clients.has(entity.client_id))], foreign)
}

function lifeOf(owner: Owner, { entries }: Partition): number {
  const ends = entries.map(({ entity }: Entry) => (seconds(entity, 'expires_on') ?? 0) * 1000 - Date.now())
  const renewable = entries.some(({ type }) => type === 'RefreshToken')
  // Nobody presents an assertion for much longer than it lives, and each has a partition of its own.
  if (renewable) ends.push('assertion' in owner ? day : refreshTokenLife)
  return Math.max(60_000, ...ends)
}
