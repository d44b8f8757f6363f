import type { CredentialType, Entity } from '../cache/entities.ts'
import { settle } from '../cache/filing.ts'
import { familyOf, visibleIn } from '../cache/listing.ts'
import { appId, type Owner } from '../cache/partitions.ts'
import type { AccountInfo } from '../types.ts'
import { loaded } from '../util/loaded.ts'
import type { ClientContext } from './context.ts'

/** Removes an account and whatever this client may remove with it, under every alias of its cloud. */
export async function forget({ memory, clientId, authority }: ClientContext, { homeAccountId }: AccountInfo): Promise<void> {
  const owner: Owner = { user: homeAccountId }
  const { level } = memory
  const stored = level && (await loaded(import('../cache/store-level.ts')))
  if (level) await stored!.reload(memory, level, owner)
  if (!level && !memory.get(owner)) return
  // What was there at the time: a store that fails is written later, and its owner may have come back elsewhere by then.
  const seen: Entity[] = []
  let at = 0
  const isBack = ({ sign_in }: Entity) => Number(sign_in) > at && !seen.some((entity) => entity.sign_in === sign_in)
  const isSeen = ({ secret }: Entity) => !!secret && seen.some((entity) => entity.secret === secret)
  const remove = (again: boolean) => {
    const partition = memory.get(owner)
    const family = familyOf(memory, clientId, authority.cloud)
    const list = (type: CredentialType) => visibleIn(partition, type, authority)
    const gone = new Set([
      ...(['Account', 'AccessToken', 'IdToken'] as const).flatMap(list),
      // Another client's own refresh token is that client's to give up.
      ...list('RefreshToken').filter((token) => token.client_id === clientId || (family && token.family_id === family)),
    ])
    if (!again) {
      at = Date.now()
      seen.push(...gone)
    }
    const leavesNew = list('Account').some(isBack)
    if (partition?.remove(({ entity }) => gone.has(entity) && (!leavesNew || isSeen(entity)))) settle(memory, homeAccountId)
  }
  if (level) await stored!.change(memory, level, owner, remove)
  else remove(false)
}

/**
 * Removes what an application has got for itself. Other authorities of the same cloud are other tenants of it; another realm of a generic
 * provider is another provider, whose client has no more than its name in common.
 */
export async function forgetClient({ memory, clientId, authority }: ClientContext): Promise<void> {
  const { cloud, kind, tenant } = authority
  const every = appId(clientId, cloud, '')
  const own = appId(clientId, cloud, tenant)
  const isOurs = (id: string) => (kind === 'oidc' ? id === own : id.startsWith(every))
  const { level } = memory
  const gone = [...memory.apps.keys()].filter(isOurs)
  for (const id of gone) memory.apps.delete(id)
  if (gone.length) memory.changed()
  if (!level) return
  const { removeApps } = await loaded(import('../cache/store-level.ts'))
  await removeApps(memory, level, isOurs, gone)
}
