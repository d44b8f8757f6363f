import type { RequestListener } from 'node:http'
import type { AuthorizeRequest, Interaction, InteractionContext, InteractionSession } from '../core/index.ts'
import { ClientAuthError, ClientConfigurationError, NetworkError } from '../core/index.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { readAnswer } from './loopback-answer.ts'
import { answer, type Pages, refuse } from './loopback-page.ts'
import { type LoopbackServer, listen } from './loopback-server.ts'
import { openBrowser, webUrl } from './open-browser.ts'

/** Options of {@link loopback}. */
export interface LoopbackOptions {
  /** The port to listen on; `acquireTokenInteractive({ port })` goes first. 0 or absent: a free one, which Microsoft Entra ID accepts for a registered `http://localhost`. */
  port?: number | undefined
  /** Shows the page, for instance in a web view. It need not wait for the person. Default: the system's browser; where none starts, the URL is written to standard error. */
  openBrowser?: ((url: string) => void | Promise<void>) | undefined
  /** HTML shown when the provider has sent a code. Scripts and remote resources are blocked; inline style and `data:` images work. Default: a short page in English. */
  successTemplate?: string | undefined
  /** HTML shown when the provider has sent an error, with `$error`, `$error_description` and `$error_uri`, which are always escaped. Default: a short page in English that holds nothing of the answer. */
  errorTemplate?: string | undefined
}

/**
 * Signs people in with the system's browser and a server on this machine's loopback interface, which lives for one sign-in.
 *
 * The redirect URI is `http://localhost:{port}`; register `http://localhost` as "Mobile and desktop application". Only the provider's
 * answer with this sign-in's `state` ends the wait; any other request changes nothing. The server listens on 127.0.0.1 and [::1] only.
 *
 * A sign-in rejects with `ClientAuthError` `interaction_failed` where the port cannot be had or `openBrowser` fails, with `NetworkError`
 * `aborted` when it is given up, and with `ClientConfigurationError` `environment_unsupported` in a runtime without `node:http`.
 *
 * @throws ClientConfigurationError `invalid_argument` for options or a port that are none
 * @see RFC 8252 section 7.3
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, interaction: loopback() })
 * const result = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
 * ```
 */
export function loopback(options: LoopbackOptions = {}): Interaction {
  checkOptions(options, /openBrowser (?!function)|Template (?!string)/)
  checkPort(options.port)
  return { responseModes: ['form_post', 'query'], begin: (context) => begin(options, context) }
}

function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65_535)) return
  throw new ClientConfigurationError('invalid_argument', 'port must be an integer from 0 to 65535.')
}

function begin(options: LoopbackOptions, context: InteractionContext): InteractionSession {
  const end = ending()
  const forget = end.on(context.signal)
  let receive: RequestListener = (_request, response) => refuse(response, 404)
  let server: LoopbackServer | undefined
  let closed = false

  const listening = start()
  async function start(): Promise<LoopbackServer> {
    const port = context.port ?? options.port ?? 0
    checkPort(port)
    server = await listen(port, (request, response) => receive(request, response))
    if (closed) server.close()
    return server
  }
  const redirectUri = Promise.race([listening.then(({ port }) => `http://localhost:${port}`), end.reached])
  // Whoever gives up before asking for it must not be told twice.
  redirectUri.catch(() => {})

  return {
    redirectUri,
    async authorize({ url, flow, signal }: AuthorizeRequest) {
      const unwatch = end.on(signal)
      try {
        const page = webUrl(url)
        if (page === null) throw new ClientAuthError('interaction_failed', 'The authorization endpoint is not an http or https URL.')
        await redirectUri
        const answered = new Promise<URLSearchParams>((resolve) => {
          receive = receiver(flow.state, options, resolve)
        })
        return await Promise.race([answered, failureOf(options.openBrowser ?? openBrowser, page), end.reached])
      } finally {
        unwatch()
      }
    },
    close() {
      closed = true
      forget()
      server?.close()
      end.now(new NetworkError('aborted', 'The sign-in was closed before the provider answered.'))
    },
  }
}

/** Takes the first answer with the right state and turns everything else away. */
function receiver(state: string, pages: Pages, resolve: (parameters: URLSearchParams) => void): RequestListener {
  let taken = false
  return async (request, response) => {
    const outcome = await readAnswer(request, state)
    if (typeof outcome === 'number') return refuse(response, outcome)
    if (taken) return refuse(response, 404)
    taken = true
    // The page goes out first: the caller closes the server next.
    response.once('finish', () => resolve(outcome))
    response.once('close', () => resolve(outcome))
    answer(response, outcome, pages)
  }
}

/** Rejects when the page cannot be shown, and never resolves: what counts is the provider's answer. */
function failureOf(open: (url: string) => void | Promise<void>, url: string): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new ClientAuthError('interaction_failed', 'The sign-in page could not be opened: openBrowser failed.'))
    ;(async () => open(url))().catch(fail)
  })
}

/** The early end of a sign-in, from whichever side it comes first. */
function ending() {
  let now!: (error: Error) => void
  const reached = new Promise<never>((_, reject) => {
    now = reject
  })
  reached.catch(() => {})
  return {
    reached,
    now,
    /** Ends with the signal. Returns what takes the listener off again. */
    on(signal: AbortSignal): () => void {
      const abort = () => now(new NetworkError('aborted', 'The sign-in was aborted.', { cause: signal.reason }))
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
      return () => signal.removeEventListener('abort', abort)
    },
  }
}
