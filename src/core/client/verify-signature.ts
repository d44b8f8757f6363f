import { endpoint, type Metadata } from '../authority/metadata.ts'
import { type IdTokenSignatureVerifier, idTokenSignatureVerifier } from '../oauth/id-token-signature.ts'
import { fetchKeySet } from '../oauth/key-set.ts'
import type { Bounds } from '../util/deadline.ts'
import type { ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'

const verifiers = /* @__PURE__ */ new WeakMap<ClientContext, IdTokenSignatureVerifier>()

/** Checks an id token's signature with the keys and algorithms that the authority's metadata names. */
export async function verifySignature(context: ClientContext, metadata: Metadata, idToken: string, exchange: () => Bounds): Promise<void> {
  const verify = verifiers.get(context) ?? idTokenSignatureVerifier()
  verifiers.set(context, verify)
  const { id_token_signing_alg_values_supported: announced } = metadata.document
  await verify(idToken, {
    ...(Array.isArray(announced) && { algorithms: announced }),
    jwksUri: endpoint(metadata.authority, metadata.document, 'jwks_uri'),
    fetchJson: (url) => fetchKeySet(protocolOf(context).http, url, exchange()),
  })
}
