import type { ServerResponse } from 'node:http'
import { answer, clientId, RotatingProvider } from '../faults/rotating-provider.ts'
import type { Use } from './log.ts'
import type { Random } from './random.ts'

/** What goes wrong with a request, by how many of a thousand. Those before the word "after" leave the refresh token as it was. */
export const moods = {
  'a 503 with Retry-After': 25,
  'a 503 that is HTML': 8,
  'a 429 with Retry-After': 15,
  'a stall before': 5,
  'a reset before': 10,
  'a stall after': 2,
  'a reset after': 5,
  'a truncated answer after': 5,
} as const
export type Mood = keyof typeof moods

/** Milliseconds in which a provider with grace takes a refresh token that was used before. */
export const grace = 30_000
/** Seconds for which somebody may be asked to wait. */
const retryAfter = 1

/** What one sign-in has given: a family of refresh tokens. */
export interface Session {
  number: number
  user: string
  /** A refresh token is good once; else, for a while after its use as well. */
  strict: boolean
  revokedAt?: number
}

/**
 * A provider with reuse detection: a refresh token that is used again, after its grace, ends its session. Every sign-in is a session of its
 * own. It has moods, and keeps a log of all that was asked.
 */
export class SoakProvider extends RotatingProvider {
  readonly uses: Use[] = []
  readonly sessions: Session[] = []
  /** Off while all is to be well again. */
  moody = true
  /** Runs once a refresh token has been spent, before the answer goes out. */
  spent: (use: Use) => unknown = () => {}
  readonly #random: Random
  readonly #refreshTokens = new Map<string, { session: Session; spentAt?: number }>()
  readonly #accessTokens = new Map<string, Session>()

  constructor(random: Random) {
    super()
    this.#random = random
  }

  /** What the token endpoint answers to a sign-in. */
  signIn(user: string) {
    const session: Session = { number: this.sessions.length, user, strict: this.#random.chance(0.5) }
    this.sessions.push(session)
    return { session, response: this.#tokens(session) }
  }

  sessionOf(accessToken: string): Session | undefined {
    return this.#accessTokens.get(accessToken)
  }

  /** Whether a refresh token is the newest of its session. */
  isFresh(refreshToken: string, session: Session): boolean {
    const known = this.#refreshTokens.get(refreshToken)
    return known?.session === session && known.spentAt === undefined
  }

  /** Access tokens are handed out for a few seconds: for as long as more than 300 s are left. */
  #tokens(session: Session) {
    const isShort = this.#random.chance(0.7)
    const tokens = this.issue(session.user, isShort ? 302 + this.#random.below(6) : 330, clientId)
    this.#refreshTokens.set(tokens.refresh_token, { session })
    this.#accessTokens.set(tokens.access_token, session)
    return isShort ? tokens : { ...tokens, refresh_in: 3 }
  }

  protected override async refresh(user: string, given: string, process: string, response: ServerResponse): Promise<void> {
    const known = this.#refreshTokens.get(given)
    const use: Use = { at: Date.now(), user, session: known?.session.number ?? -1, token: given, process, outcome: 'failed' }
    this.uses.push(use)
    response.once('close', () => {
      use.end = Date.now()
      use.delivered = response.writableFinished
    })
    if (!known) {
      use.outcome = 'refused'
      return answer(response, 400, { error: 'invalid_grant', error_description: 'Nobody has issued that.' })
    }
    const mood = this.moody ? this.#mood() : undefined
    if (mood) use.mood = mood
    await sleep(this.#random.chance(0.1) ? this.#random.below(1500) : this.#random.below(60))
    // Its process is no more, or has given up.
    if (response.closed) return
    if (mood && !mood.endsWith('after')) return spoil(response, mood, '')
    const { session } = known
    const now = Date.now()
    const isGood = known.spentAt === undefined || (!session.strict && now - known.spentAt < grace)
    if (session.revokedAt !== undefined || !isGood) {
      session.revokedAt ??= now
      use.outcome = 'refused'
      return answer(response, 400, { error: 'invalid_grant', error_description: 'The refresh token was used before.' })
    }
    known.spentAt ??= now
    use.spentAt = now
    use.outcome = 'rotated'
    const tokens = this.#tokens(session)
    await this.spent(use)
    if (mood) return spoil(response, mood, JSON.stringify(tokens))
    answer(response, 200, tokens)
  }

  #mood(): Mood | undefined {
    let number = this.#random.below(1000)
    for (const [mood, share] of Object.entries(moods)) {
      number -= share
      if (number < 0) return mood as Mood
    }
    return undefined
  }
}

function spoil(response: ServerResponse, mood: Mood, body: string): void {
  const busy = { 'content-type': 'application/json', 'retry-after': String(retryAfter) }
  if (mood.startsWith('a stall')) return
  if (mood.startsWith('a reset')) return void (response.socket as import('node:net').Socket | null)?.resetAndDestroy()
  if (mood.startsWith('a truncated')) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length) })
    return void response.write(body.slice(0, body.length / 2), () => response.destroy())
  }
  if (mood === 'a 503 that is HTML') {
    return void response.writeHead(503, { ...busy, 'content-type': 'text/html' }).end('<!doctype html><title>Busy</title>')
  }
  if (mood === 'a 429 with Retry-After') return void response.writeHead(429, busy).end('{"error":"temporarily_unavailable"}')
  response.writeHead(503, busy).end('{"error":"temporarily_unavailable"}')
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
