import { ClientAuthError, ClientConfigurationError, isAuthError, NetworkError } from '../errors.ts'
import type { Interaction, InteractionSession } from '../ports.ts'
import type {
  AuthCodeFlow,
  DeviceCodeFlow,
  DeviceFlowOptions,
  InitiateDeviceFlowOptions,
  InteractiveOptions,
  PublicClientOptions,
  UserResult,
} from '../types.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { checkSignIn } from './check-sign-in.ts'
import { ClientApplication } from './client-application.ts'
import { beginCall, contextOf } from './context.ts'
import { perform } from './perform.ts'

const deviceCode = () => import('./device-code.ts')

/**
 * A client that cannot keep a secret: a page in a browser, a desktop or command-line program. (The manual, `PublicClientApplication`.)
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, authority: 'https://login.microsoftonline.com/contoso.com', interaction: loopback() })
 * const result = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
 * ```
 */
export class PublicClientApplication extends ClientApplication {
  readonly #interaction: Interaction | undefined

  /** @throws {@link ClientConfigurationError} the options cannot be right */
  constructor(options: PublicClientOptions) {
    super(options)
    this.#interaction = options.interaction
  }

  /**
   * Shows the person the sign-in page and resolves once they have signed in. The page is opened before anything is awaited: call it first
   * thing in a click handler.
   *
   * @throws {@link ClientAuthError} the person or the page gave up, or the answer fails a check; {@link ServerError} the provider refused;
   * {@link ClientConfigurationError} `interaction_missing`; {@link NetworkError}
   * @example
   * ```ts
   * const { accessToken, account } = await app.acquireTokenInteractive({ scopes: ['User.Read'], prompt: 'select_account' })
   * ```
   */
  acquireTokenInteractive(options: InteractiveOptions): Promise<UserResult> {
    return guarded(() => this.#interact(options))
  }

  /**
   * Begins a sign-in on another device: show the person `message`, or `verificationUri` and `userCode`, and wait with
   * {@link PublicClientApplication.acquireTokenByDeviceFlow}. (RFC 8628; the manual, `initiate_device_flow`.)
   *
   * @throws {@link ClientConfigurationError} `endpoint_missing`: the provider has no such flow; {@link ServerError}; {@link NetworkError}
   * @example
   * ```ts
   * const flow = await app.initiateDeviceFlow({ scopes: ['User.Read'] })
   * console.log(flow.message)
   * const result = await app.acquireTokenByDeviceFlow({ flow })
   * ```
   */
  initiateDeviceFlow(options: InitiateDeviceFlowOptions = {}): Promise<DeviceCodeFlow> {
    return perform(this, options, deviceCode, ({ beginDeviceFlow }, context, call) => beginDeviceFlow(context, options, call))
  }

  /**
   * Waits until the person has signed in on the other device. Outages are waited out; abort `signal`, or set `flow.expiresAt` to 0, to end
   * the wait. (RFC 8628 section 3.4; the manual, `acquire_token_by_device_flow`.)
   *
   * @throws {@link ClientAuthError} `flow_expired`: nobody did in time; {@link ServerError} the person or the provider refused
   * @example
   * ```ts
   * const result = await app.acquireTokenByDeviceFlow({ flow, signal: AbortSignal.timeout(300_000) })
   * ```
   */
  acquireTokenByDeviceFlow(options: DeviceFlowOptions): Promise<UserResult> {
    return perform(this, options, deviceCode, ({ pollDeviceFlow }, context, call) => pollDeviceFlow(context, options, call))
  }

  async #interact(options: InteractiveOptions): Promise<UserResult> {
    const { timeout, port, prompt, interaction = this.#interaction, ...asked } = options
    if (!interaction) throw new ClientConfigurationError('interaction_missing', 'Pass an interaction, such as loopback() or popup().')
    if (timeout !== undefined && !(timeout > 0))
      throw new ClientConfigurationError('invalid_argument', 'timeout must be a positive number.')
    const request = prompt === undefined ? asked : { ...asked, prompt }
    checkSignIn(request)
    const context = contextOf(this)
    const call = beginCall(context, request)
    const { correlationId } = call
    const patience = new AbortController()
    let session: InteractionSession | undefined
    let flow: AuthCodeFlow | undefined
    try {
      session = interaction.begin({ ...(port !== undefined && { port }), ...(prompt !== undefined && { prompt }), signal: patience.signal })
      const begun = session
      const answer = await within(timeout, call, async () => {
        const redirectUri = await begun.redirectUri
        const { beginSignIn, pickResponseMode } = await loaded(import('./auth-code.ts'))
        const responseMode = await pickResponseMode(context, interaction.responseModes, call)
        flow = await beginSignIn(context, { ...request, redirectUri, ...(responseMode !== 'query' && { responseMode }) }, call)
        // Nobody may be sent to the page of a sign-in that is over.
        patience.signal.throwIfAborted()
        return begun.authorize({ url: flow.authUri, flow, signal: patience.signal })
      })
      const { completeSignIn } = await loaded(import('./auth-code.ts'))
      return await completeSignIn(context, flow!, answer, call, { api: 169 })
    } catch (error) {
      if (isAuthError(error)) throw error
      // What an application's own interaction throws may hold the answer.
      throw new ClientAuthError('interaction_failed', 'The sign-in page could not be shown, or failed.', { correlationId })
    } finally {
      patience.abort()
      try {
        session?.close()
      } catch {}
    }
  }
}

/** Waits for a person: as long as they are given, unless the caller gives up. */
async function within<T>(
  timeout: number | undefined,
  { signal, correlationId }: { signal?: AbortSignal | undefined; correlationId: string },
  task: () => Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = () => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      abort = () => reject(new NetworkError('aborted', 'The call was aborted.', { correlationId, cause: signal!.reason }))
      signal?.addEventListener('abort', abort)
      if (timeout !== undefined) {
        const expire = () =>
          reject(new ClientAuthError('interaction_timed_out', `Nobody signed in within ${timeout} ms.`, { correlationId }))
        timer = setTimeout(expire, Math.min(timeout, 0x7fffffff))
      }
      task().then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
