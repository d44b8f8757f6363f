import { type AppResult, type ClientApplicationOptions, ClientConfigurationError, type RequestOptions } from '../../core/index.ts'
import { checkOptions } from '../../core/util/check-options.ts'
import { appId, beginCall, cacheFirst, checkClaims, contextOf, createContext, guarded, loaded, tokenResult } from './core.ts'
import { type Identity, type ManagedIdentity, parseIdentity, realm } from './identity.ts'
import { type Machine, thisMachine } from './machine.ts'
import { type ManagedIdentitySource, selectSource } from './sources.ts'

/** What {@link ManagedIdentityClient} is constructed with. */
export interface ManagedIdentityOptions
  extends Pick<ClientApplicationOptions, 'tokenCache' | 'httpCache' | 'fetch' | 'timeout' | 'logger' | 'waitUntil'> {
  /** A user-assigned identity. Default: the system-assigned one. */
  identity?: ManagedIdentity | undefined
}

/** Options of {@link ManagedIdentityClient.acquireTokenForClient}. */
export interface ManagedIdentityRequest extends RequestOptions {
  /** The resource that the token is for, such as `https://management.azure.com/`: one, and not a scope. */
  resource: string
  /** A claims challenge as a JSON string; passes over cached tokens. It is not sent: the platform asks for a token of its own accord. */
  claimsChallenge?: string | null | undefined
}

interface Inside {
  identity: Identity
  machine: () => Promise<Machine>
}

const insides = /* @__PURE__ */ new WeakMap<ManagedIdentityClient, Inside>()

/** Puts another machine in the place of this one. */
export function runOn(client: ManagedIdentityClient, machine: Machine): void {
  insides.get(client)!.machine = async () => machine
}

/**
 * Gets tokens for the managed identity of an Azure resource, without any secret of yours: on virtual machines and scale sets (IMDS), in App
 * Service, Functions, Automation and Container Apps, in Machine Learning, Service Fabric and Cloud Shell, and on servers connected by Azure
 * Arc. (The manual, `ManagedIdentityClient`.)
 *
 * Where it runs is read from the environment variables with each request. Instances that share a `tokenCache` share their requests, and
 * nothing else. The endpoints are local: a `fetch` of your own must reach them without a proxy. Service Fabric's is always asked directly,
 * for its certificate has to be compared with the thumbprint that the environment names.
 *
 * `timeout` is in milliseconds, for one HTTP exchange, default 10 000. IMDS is asked at most three times, within one `timeout`, default 5 000.
 *
 * @example
 * ```ts
 * const client = new ManagedIdentityClient({ identity: { clientId } }) // without options: the system-assigned identity
 * const { accessToken, expiresOn } = await client.acquireTokenForClient({ resource: 'https://vault.azure.net' })
 * ```
 */
export class ManagedIdentityClient {
  /** @throws `ClientConfigurationError` `invalid_argument`: the options cannot be right */
  constructor(options: ManagedIdentityOptions = {}) {
    checkOptions(options)
    const { identity, ...rest } = options
    const parsed = parseIdentity(identity)
    createContext(this, { ...rest, clientId: parsed.id })
    let machine: Promise<Machine> | undefined
    insides.set(this, {
      identity: parsed,
      machine() {
        machine ??= thisMachine()
        return machine
      },
    })
  }

  /**
   * A token from the cache while it is good for five minutes more, else from the platform. A token past its `refreshOn`, which is half of
   * its life where it lives for two hours or longer, is returned at once and renewed behind.
   *
   * @throws `ServerError` the platform refused: there is no such identity or resource, or it is asked too often;
   * `ClientConfigurationError` `invalid_argument`: bad options or environment variables, or an identity that the source cannot choose,
   * `environment_unsupported`: a runtime without the modules of Node.js, or Azure Arc on another system than Linux and Windows,
   * `credential_invalid`: the key file of Azure Arc cannot be read; `NetworkError` no usable answer came
   * @example
   * ```ts
   * const { accessToken } = await client.acquireTokenForClient({ resource: 'https://management.azure.com/' })
   * ```
   */
  acquireTokenForClient(options: ManagedIdentityRequest): Promise<AppResult> {
    return guarded(() => acquire(this, options))
  }
}

/**
 * Where the tokens of a managed identity would come from here, as far as the environment tells. `imds` is also the answer where nothing
 * tells: it does not mean that this runs in Azure. Makes no request.
 *
 * @throws `ClientConfigurationError` `environment_unsupported`: a runtime without the modules of Node.js
 * @example
 * ```ts
 * if ((await getManagedIdentitySource()) === 'app_service') console.log('in App Service, Functions or Automation')
 * ```
 */
export function getManagedIdentitySource(): Promise<ManagedIdentitySource> {
  return guarded(async () => selectSource(await thisMachine()))
}

async function acquire(client: ManagedIdentityClient, options: ManagedIdentityRequest): Promise<AppResult> {
  const { resource, claimsChallenge } = options
  if (typeof resource !== 'string' || !/^[^\s"\\]+$/.test(resource)) {
    throw new ClientConfigurationError('invalid_argument', 'resource must be a string without white space.')
  }
  const context = contextOf(client)
  const { identity, machine: load } = insides.get(client)!
  const call = beginCall(context, options)
  const machine = await load()
  const { hostname } = machine
  const owner = { app: appId(identity.id, hostname, realm) }
  const reading = context.memory.current(owner, call)
  if (reading) await reading
  const result = await cacheFirst<AppResult>(context, call, {
    key: [realm, hostname, identity.kind, identity.id, resource],
    fresh: !!claimsChallenge,
    lookUp: () =>
      context.memory.get(owner)?.find({
        cloud: hostname,
        clientId: identity.id,
        realm,
        authority: '',
        binding: '',
        scopes: [resource],
        scopeKey: resource.toLowerCase(),
      }),
    result: (token, source) => ({ ...tokenResult(token, source, call.correlationId), account: null }),
    check: () => void checkClaims(claimsChallenge),
    async acquire(_, exchange) {
      const { obtain } = await loaded(import('./obtain.ts'))
      return [await obtain(context, { identity, machine, resource }, call, exchange), 'identity_provider']
    },
  })
  return result!
}
