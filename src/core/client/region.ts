import type { Authority } from '../authority/authority.ts'
import { detectRegion, inRegion } from '../authority/region.ts'
import type { Bounds } from '../util/deadline.ts'
import type { ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'

const detections = /* @__PURE__ */ new WeakMap<ClientContext, Promise<string | undefined>>()

/** The token endpoint of the region that the client is to use; undefined where the global one serves: no machine tells of a region, or the provider has none. */
export async function regionalEndpoint(
  context: ClientContext,
  authority: Authority,
  wanted: string | true,
  exchange: () => Bounds,
): Promise<string | undefined> {
  if (authority.kind !== 'entra') return undefined
  const { http, metadataOf } = protocolOf(context)
  // The central endpoints come first: an unknown host is refused there, before a region of it is asked for.
  await metadataOf(authority, exchange)
  let region: string | undefined
  if (wanted === true) {
    // A machine does not move: it is asked once.
    const detection = detections.get(context) ?? detectRegion(http)
    detections.set(context, detection)
    region = await detection
  } else {
    region = wanted
  }
  return region && (await metadataOf(inRegion(authority, region), exchange)).tokenEndpoint
}
