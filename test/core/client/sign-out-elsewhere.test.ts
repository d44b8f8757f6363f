import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CacheStore, TokenCache } from '../../../src/core/index.ts'
import { fileStore } from '../../../src/node/file-store.ts'
import { FakeProvider, type Reply, refuse, tokens } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { publicClient, scopes } from './support.ts'

/** One store, as each of several processes opens it. */
type Open = () => CacheStore

const inMemory = async (): Promise<Open> => memoryStore().elsewhere

async function inFile(): Promise<Open> {
  const folder = await mkdtemp(join(tmpdir(), 'sign-out-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return () => fileStore(join(folder, 'tokens.json'))
}

function without({ lock, watch, ...store }: CacheStore, names: readonly string[]): CacheStore {
  return { ...store, ...(lock && !names.includes('lock') && { lock }), ...(watch && !names.includes('watch') && { watch }) }
}

async function held(store: CacheStore): Promise<string[]> {
  const values: string[] = []
  for await (const name of store.list!()) values.push((await store.read(name))?.value ?? '')
  return values.filter((value) => value.includes('secret'))
}

const stores: [string, () => Promise<Open>, string[]][] = [
  ['that locks and watches', inMemory, []],
  ['that locks', inMemory, ['watch']],
  ['without a lock', inMemory, ['lock']],
  ['without a lock or a watch', inMemory, ['lock', 'watch']],
  ['in a file', inFile, []],
  ['in a file, without a lock', inFile, ['lock']],
]

const answers: [string, Reply, string | null][] = [
  ['tokens', tokens(), null],
  ['tokens without a refresh token', tokens({ refresh_token: undefined }), null],
  ['bad_token', refuse('invalid_grant', { suberror: 'bad_token' }), 'interaction_required'],
  ['no suberror', refuse('invalid_grant'), 'interaction_required'],
]

describe.each(stores)('S31 a sign-out in another process wins, over a store %s', (_, opened, missing) => {
  /** A process whose user has signed in, and another that knows them from the store. */
  const processes = async () => {
    const provider = new FakeProvider()
    const open = await opened()
    const create = () => publicClient(provider, { tokenCache: new TokenCache({ store: without(open(), missing) }) })
    const ours = create()
    const { account } = await ours.acquireTokenByRefreshToken({ refreshToken: 'rt', scopes })
    const theirs = create()
    expect(await theirs.getAccounts()).toHaveLength(1)
    expect(await held(open())).toHaveLength(1)
    provider.requests.length = 0
    return { provider, ours, theirs, account, left: () => held(open()) }
  }

  it.each(answers)('over a refresh that is under way, and whose answer is %s', async (_, answer, code) => {
    const { provider, ours, theirs, account, left } = await processes()
    provider.replies.push(answer)
    const gate = provider.hold()
    const call = ours.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account }).then(
      () => null,
      (error) => error.code,
    )
    await gate.arrived()
    await theirs.removeAccount(account)
    expect(await left()).toEqual([])
    gate.open()
    expect(await call).toBe(code)
    await ours.close()
    expect(await left()).toEqual([])
    // Nobody uses what is no more.
    for (const app of [ours, theirs]) {
      expect(await app.acquireTokenSilentWithError({ scopes: ['Files.Read'], account })).toBe(null)
    }
    expect(provider.count()).toBe(1)
    expect(await left()).toEqual([])
  })

  it('over one that waits for its turn behind it', async () => {
    const { provider, ours, theirs, account, left } = await processes()
    const gate = provider.hold()
    const calls = ['A', 'B', 'C'].map((scope) => ours.acquireTokenSilentWithError({ scopes: [scope], account }))
    await gate.arrived()
    await theirs.removeAccount(account)
    gate.open()
    expect((await Promise.all(calls)).slice(1)).toEqual([null, null])
    await ours.close()
    expect(provider.count()).toBe(1)
    expect(await left()).toEqual([])
  })

  it('over one that begins while it is under way, in the process that signs out as well', async () => {
    const { provider, ours, theirs, account, left } = await processes()
    const calls = [ours, theirs].map((app) => app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account }).catch(() => null))
    await theirs.removeAccount(account)
    await Promise.all(calls)
    await Promise.all([ours.close(), theirs.close()])
    expect(await left()).toEqual([])
    expect(provider.count()).toBeLessThanOrEqual(2)
  })
})
