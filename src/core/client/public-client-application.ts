import { ClientConfigurationError } from '../errors.ts'
import type { DeviceFlowOptions, InitiateDeviceFlowOptions, InteractiveOptions, PublicClientOptions } from '../options.ts'
import type { Interaction } from '../ports.ts'
import type { DeviceCodeFlow, UserResult } from '../types.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { checkSignIn } from './check-sign-in.ts'
import { ClientApplication } from './client-application.ts'
import { beginCall, checkTimeout, contextOf } from './context.ts'
import { perform } from './perform.ts'
import * as person from './person.ts'
import { withSession } from './session.ts'

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
    super(options, { person })
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
    return perform(this, options, deviceCode, 'beginDeviceFlow')
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
    return perform(this, options, deviceCode, 'pollDeviceFlow')
  }

  async #interact(options: InteractiveOptions): Promise<UserResult> {
    checkTimeout(options.timeout)
    const { timeout, port, interaction = this.#interaction, ...request } = options
    const { prompt } = request
    if (!interaction) throw new ClientConfigurationError('interaction_missing', 'Pass an interaction, such as loopback() or popup().')
    checkSignIn(request)
    const context = contextOf(this)
    const call = beginCall(context, request)
    const asked = { ...(port !== undefined && { port }), ...(prompt !== undefined && { prompt }) }
    return withSession(interaction, call, asked, async (session, signal) => {
      const { interact } = await loaded(import('./interactive.ts'))
      return interact(context, request, call, { session, responseModes: interaction.responseModes, timeout, signal })
    })
  }
}
