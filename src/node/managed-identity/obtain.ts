import { readAnswer, refusalOf } from './answer.ts'
import { askArc } from './arc.ts'
import type { Call, ClientContext } from './core.ts'
import { type Bounds, type CachedToken, createSend, freshToken, protocolOf, readAppEvent } from './core-requests.ts'
import { type Identity, realm } from './identity.ts'
import { askImds } from './imds.ts'
import type { Machine } from './machine.ts'
import { pinnedFetch } from './pinned-fetch.ts'
import { checkExtras, type ManagedIdentitySource, requestOf, type SourceRequest, selectSource } from './sources.ts'
import { sendThrottled } from './throttle.ts'

/** What tells one managed identity's tokens from another's. */
export interface Owner {
  identity: Identity
  machine: Machine
  resource: string
}

/** Milliseconds for the instance metadata service, where nobody says otherwise: outside Azure nothing answers at its address. */
const imdsTimeout = 5_000

/** Asks the source that the environment names, checks the answer and stores the token, in this order. */
export async function obtain(
  context: ClientContext,
  { identity, machine, resource }: Owner,
  call: Call,
  exchange: () => Bounds,
): Promise<CachedToken> {
  const { correlationId } = call
  const source = await selectSource(machine)
  const request = requestOf(source, identity, resource, machine)
  const { extraQueryParameters = {}, extraBodyParameters = {} } = call.options
  checkExtras(request, extraQueryParameters, extraBodyParameters)
  const url = new URL(request.url)
  for (const [name, value] of Object.entries(extraQueryParameters)) url.searchParams.set(name, value)
  request.url = url.href
  // A GET, mostly; yet its answer is a token, which a framework that caches `fetch` must not keep.
  request.noStore = true
  for (const [name, value] of Object.entries(extraBodyParameters)) request.body?.set(name, value)
  context.log({ level: 'debug', message: 'A managed identity endpoint is asked.', source, correlationId })

  const answer = await ask(context, source, request, machine, call, exchange)
  const event = {
    clientId: identity.id,
    scopes: [resource],
    // A machine's name may be no host of a URL: only the path counts, for the realm.
    tokenEndpoint: `https://localhost/${realm}`,
    environment: machine.hostname,
    grantType: 'client_credentials',
    response: readAnswer(source, answer, { secrets: request.secrets, correlationId }),
  }
  const outcome = readAppEvent(event)
  try {
    await context.cache.add(event)
  } catch {
    // The next call costs a request then; this one has its token.
    context.log({ level: 'error', message: 'A token could not be stored.', correlationId })
  }
  return freshToken(outcome)
}

async function ask(
  context: ClientContext,
  source: ManagedIdentitySource,
  request: SourceRequest,
  machine: Machine,
  { options }: Call,
  exchange: () => Bounds,
) {
  const { http } = protocolOf(context)
  const bounds = exchange()
  let send = () => http.send({ ...request, ...bounds })
  if (source === 'imds') {
    const timeout = context.options.timeout ?? Math.max(imdsTimeout, options.timeout ?? 0)
    bounds.timeout = Math.min(bounds.timeout, timeout)
    send = () => askImds(machine, http.send, request, bounds)
  } else if (source === 'azure_arc') {
    send = () => askArc(machine, http.send, request, exchange)
  } else if (source === 'service_fabric' && request.url.startsWith('https:')) {
    // Plain http, on the machine itself, has no certificate to compare.
    const pinned = createSend(pinnedFetch(machine.env('IDENTITY_SERVER_THUMBPRINT') ?? ''))
    send = () => pinned({ ...request, ...bounds })
  }
  return sendThrottled(http, { ...request, ...bounds }, send, (answer) => refusalOf(source, answer)?.error)
}
