import { familyOf, settle } from '../cache/filing.ts'
import type { AccountInfo } from '../types.ts'
import type { ClientContext } from './context.ts'

/** Removes an account and whatever this client may remove with it, under every alias of its cloud. */
export function forget({ memory, clientId, authority }: ClientContext, { homeAccountId }: AccountInfo): void {
  const partition = memory.get({ user: homeAccountId })
  if (!partition) return
  const { cloud } = authority
  const family = familyOf(memory, clientId, cloud)
  const gone = new Set([
    ...(['Account', 'AccessToken', 'IdToken'] as const).flatMap((type) => partition.list(type, cloud)),
    // Another client's own refresh token is that client's to give up.
    ...partition.list('RefreshToken', cloud).filter((token) => token.client_id === clientId || (family && token.family_id === family)),
  ])
  if (partition.remove(({ entity }) => gone.has(entity))) settle(memory, homeAccountId)
}
