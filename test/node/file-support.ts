import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { bundle } from './bundle-support.ts'

/** The long variants of tests with processes: `FULL=1`. */
export const full = process.env.FULL === '1'

/** A folder for the tests of a file, and what starts programs that use modules of `src/node` in processes of their own. */
export function workshop(modules: string[], prologue: string) {
  const children = new Set<ChildProcess>()
  const shop = {
    folder: '',
    newPath: () => join(shop.folder, crypto.randomUUID(), 'cache.json'),
    /** Starts a program with a parameter. Its messages are kept. */
    async start(source: string, parameter: unknown) {
      const file = join(shop.folder, `${crypto.randomUUID()}.mjs`)
      await writeFile(file, `${prologue}\n${common}\n${source}`)
      const child = fork(file, [JSON.stringify(parameter)], { execArgv: [] })
      children.add(child)
      const messages: unknown[] = []
      child.on('message', (message) => messages.push(message))
      const ended = once(child, 'close').then(([code, signal]) => {
        children.delete(child)
        return code ?? signal
      })
      return {
        messages,
        ended,
        kill: (signal: NodeJS.Signals) => process.kill(child.pid!, signal),
        send: (message: string) => child.send(message),
        next: async () => (await once(child, 'message'))[0] as unknown,
      }
    },
  }
  beforeAll(async () => {
    shop.folder = await mkdtemp(join(tmpdir(), 'file-'))
    for (const module of modules) await bundle(module, shop.folder)
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(shop.folder, { recursive: true, force: true })
  })
  return shop
}

/** What every program has: its parameter, and `say`, which resolves when the parent has been told. */
const common = `
const parameter = JSON.parse(process.argv[2])
const say = (message) => new Promise((resolve) => process.send(message, resolve))
const told = () => new Promise((resolve) => process.once('message', resolve))
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const user = 'user:uid.utid'
const valueOf = (total, padding = '') => JSON.stringify({ AccessToken: { key: { home_account_id: 'uid.utid', secret: 'secret' + padding, total } } })
const totalOf = (found) => found ? Object.values(JSON.parse(found.value).AccessToken)[0].total : 0
`
