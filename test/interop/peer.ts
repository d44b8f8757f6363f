import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Runs another library's part of a conversation in a child process. It writes one JSON document a line: `{ ask: <url> }` wants a person to
 * sign in and gets the parameters of the answer as one line on its stdin; `deviceCode` beside it is what the person types there. Any other line
 * is a result.
 */
export async function runPeer(options: {
  command: string
  args: string[]
  /** Given to the child as JSON in the environment variable PEER. */
  config: unknown
  /** PEM of the authority to trust; the child finds a file with it in NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE. */
  ca: string
  signIn(url: string, deviceCode?: string): Promise<Record<string, string>>
}): Promise<Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'interop-'))
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, options.ca)
  const child = spawn(options.command, options.args, {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      NO_PROXY: 'localhost',
      PEER: JSON.stringify(options.config),
      NODE_EXTRA_CA_CERTS: caFile,
      REQUESTS_CA_BUNDLE: caFile,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  try {
    const results: Record<string, unknown>[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line)
      if (said.ask) child.stdin.write(`${JSON.stringify(await options.signIn(said.ask, said.deviceCode))}\n`)
      else results.push(said)
    }
    const code = await ended
    if (code !== 0) throw new Error(`The peer ended with ${code}: ${complaints}`)
    return results
  } finally {
    child.kill()
    await rm(folder, { recursive: true, force: true })
  }
}
