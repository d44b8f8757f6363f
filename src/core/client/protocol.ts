import type { Authority } from '../authority/authority.ts'
import { discover } from '../authority/discovery.ts'
import type { Metadata } from '../authority/metadata.ts'
import type { Http } from '../http/document.ts'
import { createSend } from '../http/http-client.ts'
import { createTelemetry, type Telemetry } from '../http/telemetry.ts'
import { isYoung } from '../util/age.ts'
import type { Bounds } from '../util/deadline.ts'
import type { ClientContext } from './context.ts'
import { SingleFlight } from './single-flight.ts'

/** What a client needs as soon as it talks to its provider. */
export interface Protocol {
  http: Http
  telemetry: Telemetry
  /** An authority's endpoints: discovery is single-flight, and its result is good for a day. */
  metadataOf(authority: Authority, bounds: Bounds | (() => Bounds)): Promise<Metadata>
}

const protocols = /* @__PURE__ */ new WeakMap<ClientContext, Protocol>()
const day = 86_400_000

export function protocolOf(context: ClientContext): Protocol {
  const protocol = protocols.get(context) ?? createProtocol(context)
  protocols.set(context, protocol)
  return protocol
}

function createProtocol({ options, log }: ClientContext): Protocol {
  const { instanceDiscovery } = options
  const http: Http = { send: createSend(options.fetch), cache: options.httpCache, logger: log }
  const discoveries = new SingleFlight()
  const known = new Map<string, { metadata: Metadata; at: number }>()
  return {
    http,
    telemetry: createTelemetry(),
    async metadataOf(authority, bounds) {
      const key = authority.discoveryUrl
      const found = known.get(key)
      if (isYoung(found?.at, day)) return found!.metadata
      const passenger = typeof bounds === 'function' ? bounds() : bounds
      const metadata = await discoveries.join(key, passenger, (exchange) => discover(http, authority, instanceDiscovery, exchange))
      if (known.size >= 10_000) known.clear()
      known.set(key, { metadata, at: Date.now() })
      return metadata
    },
  }
}
