import { runPeer } from './peer.ts'

/** What one library is asked for in its turn. With a password it signs in; with a secret it asks for itself. */
export interface Asked {
  name: string
  clientId: string
  authority: string
  scopes: string[]
  username?: string
  password?: string
  secret?: string
}

/** Access tokens by the name of what was asked; or what went wrong. */
export type Tokens = Record<string, string>
export type Turn = (asks: Asked[]) => Promise<Tokens>

/** The turns of another library, in a process of its own that lives until `end`. */
export function startPeer(command: string, file: string, config: object): { turn: Turn; end(): Promise<void> } {
  let report = (_tokens: Tokens) => {}
  let fail = (_error: unknown) => {}
  let instruct = (_line: Record<string, string>) => {}
  const next = () =>
    new Promise<Tokens>((resolve, reject) => {
      report = resolve
      fail = reject
    })
  let reported = next()
  const ended = runPeer({
    command,
    args: [file],
    ca: '',
    config,
    signIn: (tokens) =>
      new Promise((resolve) => {
        instruct = resolve
        report(JSON.parse(tokens))
      }),
  }).catch((error) => fail(error))
  return {
    async turn(asks) {
      // It has said that it is there, or what its last turn has brought.
      await reported
      reported = next()
      instruct({ asks: JSON.stringify(asks) })
      const tokens = await reported
      reported = Promise.resolve(tokens)
      return tokens
    },
    async end() {
      await reported.catch(() => {})
      instruct({})
      await ended
    },
  }
}
