/** A cached token whose partition is read from Redis each time, beside the least that this can cost, and the incumbent's one blob for all. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { atMost, time } from './support/report.mjs'
import { measureInRounds } from './support/rounds.mjs'

const module = new URL('subjects/redis.mjs', import.meta.url).href

export async function run() {
  const redis = await startRedis()
  try {
    const subjects = ['msalIsomorphic', 'msalNode'].map((name) => ({ module, name, parameters: { url: redis.url, users: 1_000 } }))
    const [ours, theirs] = await measureInRounds(subjects, { rounds: 7, milliseconds: 400 })
    const rows = [
      ['GET and JSON.parse of one user', time(ours.times.bare)],
      ['msal-isomorphic, partition of one user, asked for each time', time(ours.times.hit)],
      ['msal-isomorphic, within `revalidateAfter`', time(ours.times.trusted)],
      ['GET and JSON.parse of 1,000 users in one blob', time(theirs.times.bare)],
      ['@azure/msal-node, one blob of 1,000 users by its cache plugin', time(theirs.times.hit)],
    ]
    return {
      tables: [{ title: 'acquireTokenSilent, hit, over Redis', columns: ['', 'one hit'], rows }],
      checks: [
        atMost('a hit over Redis / GET and JSON.parse', ours.times.hit.min / ours.times.bare.min, 1.5),
        atMost('the same, of medians', ours.times.hit.median / ours.times.bare.median, 1.5),
      ],
    }
  } finally {
    await redis.stop()
  }
}

async function startRedis() {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address()
  free.close()
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const server = spawn('redis-server', [...address, '--save', '', '--appendonly', 'no'], { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {})
    try {
      await client.connect()
      await client.close()
      break
    } catch (error) {
      if (tries > 100) throw error
      await sleep(50)
    }
  }
  return {
    url,
    async stop() {
      server.kill()
      await once(server, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
