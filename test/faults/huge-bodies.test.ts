import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { moods } from '../support/fault-server.ts'
import { clientId, type Endpoint } from './matrix/faulty-provider.ts'
import { stage } from './matrix/stage.ts'

const on = stage()
const MiB = 1 << 20
const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

/** In a process of its own: what the server needs does not count. Prints the codes of its calls and the bytes that it has grown by. */
const program = `
  const [, dist, clientId, good, bad, rounds] = process.argv
  const { ConfidentialClientApplication } = await import(dist)
  const call = async (authority) => {
    const app = new ConfidentialClientApplication({ clientId, authority, clientCredential: 'a-secret', instanceDiscovery: false })
    try {
      await app.acquireTokenForClient({ scopes: ['https://api.example/.default'] })
      return 'ok'
    } catch ({ code }) {
      return code
    }
  }
  const codes = new Set()
  // What every call needs, and the parts that load when one fails.
  for (let round = 0; round < 30; round++) codes.add(await call(good))
  codes.add(await call(good.replace(/[^/]+$/, 'nobody')))
  gc()
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => { most = Math.max(most, process.memoryUsage().rss) }, 5)
  for (let round = 0; round < rounds; round++) {
    codes.add(await call(bad))
    most = Math.max(most, process.memoryUsage().rss)
    gc()
  }
  clearInterval(watch)
  console.log(JSON.stringify({ codes: [...codes], grown: most - before }))
`

it.each<[string, Endpoint]>([
  ['huge', 'token'],
  ['huge-length', 'token'],
  ['gzip-bomb', 'token'],
  ['huge', 'discovery'],
])(
  'S38 300 MB that nobody wants (%s, %s): memory grows by less than 16 MiB',
  async (mood, endpoint) => {
    const [good, bad] = [on.provider.tenant(), on.provider.tenant()]
    const play = moods[mood]!
    bad.fault = { endpoint, play: (response) => play(response, new URLSearchParams()) }
    const options = ['--expose-gc', '--input-type=module', '-e', program, dist, clientId, good.authority, bad.authority, '3']
    const { stdout } = await promisify(execFile)(process.execPath, options)
    const { codes, grown } = JSON.parse(stdout) as { codes: string[]; grown: number }
    expect(codes).toEqual(['ok', 'metadata_invalid', 'too_large'])
    expect(grown / MiB).toBeLessThan(16)
  },
  60_000,
)
