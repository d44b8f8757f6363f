import { PublicClientApplication } from '../core/client/public-client-application.ts'
import { isAuthError } from '../core/errors.ts'
import type { Interaction, InteractionSession } from '../core/ports.ts'
import type { ContractCheck } from './cache-store-contract.ts'
import { equal, soon } from './contract-support.ts'
import { type FakeAnswer, type FakeProvider, fakeProvider } from './fake-provider.ts'

/** Does the person's part at the URL that an interaction shows: what the provider sends back, to be delivered to the application. */
export type AnswerAt = (url: string) => Promise<FakeAnswer>

/**
 * What every {@link Interaction} that resolves must do, as a list of checks for any test runner; one that leaves the page, as `redirect()`
 * does, resolves never. Real clients sign in through it at a fake provider of their own.
 *
 * @param open Called once for every check. What it makes shows its page by `answerAt`, and delivers what that resolves to as a browser would:
 * goes to `url`, or posts `parameters` to it where `method` is POST. Where nobody is there, `answerAt` never resolves.
 * @example
 * ```ts
 * const deliver = ({ url, method, parameters }: FakeAnswer) => fetch(url, { method, ...(method === 'POST' && { body: new URLSearchParams(parameters) }) })
 * const open = (answerAt: AnswerAt) => loopback({ openBrowser: (url) => void answerAt(url).then(deliver) })
 * for (const { name, run } of interactionContract(open)) test(name, run)
 * ```
 */
export function interactionContract(open: (answerAt: AnswerAt) => Interaction | Promise<Interaction>): ContractCheck[] {
  return checks.map(({ name, run }) => ({ name, run: () => run(open) }))
}

type Open = Parameters<typeof interactionContract>[0]

const scopes = ['User.Read']
const modes = ['query', 'fragment', 'form_post']
const absent: AnswerAt = () => new Promise(() => {})

const at =
  (provider: FakeProvider, error?: string): AnswerAt =>
  (url) =>
    provider.authorize(url, error === undefined ? {} : { error })

const clientOf = (provider: FakeProvider, interaction: Interaction) =>
  new PublicClientApplication({ clientId: 'contract-client', ...provider.clientOptions, interaction })

/** Begins a session and ends it. */
async function inSession(
  interaction: Interaction,
  use: (session: InteractionSession, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new AbortController()
  const session = interaction.begin({ signal: over.signal })
  try {
    await use(session, over.signal)
  } finally {
    over.abort()
    session.close()
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await soon(promise)
  } catch (error) {
    return error
  }
  throw new Error('Expected a rejection.')
}

function codeOf(error: unknown): string {
  if (!isAuthError(error)) throw error
  return error.code
}

const checks: { name: string; run(open: Open): Promise<void> }[] = [
  {
    name: 'it names the response modes that it can receive, each once',
    async run(open) {
      const { responseModes } = await open(absent)
      equal(responseModes.length > 0 && new Set(responseModes).size === responseModes.length, true, 'some, and none twice')
      equal(
        responseModes.filter((mode) => !modes.includes(mode)),
        [],
        'modes that there are not',
      )
    },
  },
  {
    name: 'begin gives a session at once, whose redirect URI is a URL without a fragment',
    async run(open) {
      await inSession(await open(absent), async (session) => {
        equal([typeof session.authorize, typeof session.close], ['function', 'function'], 'authorize and close')
        const redirectUri = await soon(Promise.resolve(session.redirectUri))
        equal(URL.canParse(redirectUri) && !redirectUri.includes('#'), true, 'an absolute URL without a fragment')
        equal(await session.redirectUri, redirectUri, 'the redirect URI when it is asked for again')
      })
    },
  },
  {
    name: 'the provider’s answer comes through whole, in every mode that it can receive',
    async run(open) {
      const provider = fakeProvider()
      const { responseModes } = await open(absent)
      for (const responseMode of responseModes) {
        let sent: Record<string, string> = {}
        const interaction = await open(async (url) => {
          const answer = await provider.authorize(url)
          sent = answer.parameters
          return answer
        })
        const app = clientOf(provider, interaction)
        await inSession(interaction, async (session, signal) => {
          const redirectUri = await session.redirectUri
          const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, responseMode })
          const response = await soon(session.authorize({ url: flow.authUri, flow, signal }))
          const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response })
          equal(account.username, 'alice@contoso.example', `who signed in with ${responseMode}`)
          equal(parametersOf(response), sent, `parameters with ${responseMode}`)
        })
      }
    },
  },
  {
    name: 'a person signs in, and another one after them',
    async run(open) {
      const provider = fakeProvider()
      const app = clientOf(provider, await open(at(provider)))
      for (let round = 0; round < 2; round++) {
        const { account, tokenSource } = await soon(app.acquireTokenInteractive({ scopes }))
        equal([account.username, tokenSource], ['alice@contoso.example', 'identity_provider'], `sign-in ${round + 1}`)
      }
    },
  },
  {
    name: 'a refusal of the provider reaches the caller',
    async run(open) {
      const provider = fakeProvider()
      const app = clientOf(provider, await open(at(provider, 'access_denied')))
      const error = await failureOf(app.acquireTokenInteractive({ scopes }))
      equal([codeOf(error), (error as { error?: string }).error], ['server_error', 'access_denied'], 'code and error')
    },
  },
  {
    name: 'a session may be closed before anything was shown, and the next one works',
    async run(open) {
      const provider = fakeProvider()
      const interaction = await open(at(provider))
      await inSession(interaction, async () => {})
      const { account } = await soon(clientOf(provider, interaction).acquireTokenInteractive({ scopes }))
      equal(account.username, 'alice@contoso.example', 'who signed in')
    },
  },
  {
    name: 'a sign-in that is given up leaves room for the next one',
    async run(open) {
      const provider = fakeProvider()
      let shown = () => {}
      const isShown = new Promise<void>((resolve) => {
        shown = resolve
      })
      let there = false
      const interaction = await open((url) => {
        if (there) return provider.authorize(url)
        shown()
        return absent(url)
      })
      const app = clientOf(provider, interaction)
      const controller = new AbortController()
      const given = failureOf(app.acquireTokenInteractive({ scopes, signal: controller.signal }))
      await soon(isShown)
      controller.abort(new Error('given up'))
      equal(codeOf(await given), 'aborted', 'code')
      there = true
      const { account } = await soon(app.acquireTokenInteractive({ scopes }))
      equal(account.username, 'alice@contoso.example', 'who signed in')
    },
  },
  {
    name: 'a session that is closed answers no more',
    async run(open) {
      const provider = fakeProvider()
      let arrive = (_answer: FakeAnswer) => {}
      const shown: string[] = []
      let isShown = () => {}
      const showing = new Promise<void>((resolve) => {
        isShown = resolve
      })
      const interaction = await open((url) => {
        shown.push(url)
        isShown()
        return new Promise((resolve) => {
          arrive = resolve
        })
      })
      const app = clientOf(provider, interaction)
      let outcome: unknown
      await inSession(interaction, async (session, signal) => {
        const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: await session.redirectUri })
        const note = (what: string) => () => {
          outcome = what
        }
        session.authorize({ url: flow.authUri, flow, signal }).then(note('an answer'), note('a rejection'))
        await soon(showing)
      })
      arrive(await provider.authorize(shown[0]!))
      await new Promise((resolve) => setTimeout(resolve, 50))
      equal(outcome === 'an answer', false, 'whether an answer came after the close')
    },
  },
]

function parametersOf(response: string | URLSearchParams | Record<string, string>): Record<string, string> {
  if (typeof response === 'string') {
    const { search, hash } = new URL(response)
    return Object.fromEntries(new URLSearchParams(search || hash.slice(1)))
  }
  return Object.fromEntries(response instanceof URLSearchParams ? response : Object.entries(response))
}
