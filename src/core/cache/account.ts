import type { Authority } from '../authority/authority.ts'
import type { AccountInfo } from '../types.ts'
import { type Entity, realmOf, tenantIdOf, text } from './entities.ts'
import { visibleIn } from './listing.ts'
import type { Partition } from './partition.ts'

/** An Account entry as a caller sees it. */
export function accountInfo(entity: Entity): AccountInfo {
  const name = text(entity, 'name')
  const source = text(entity, 'account_source')
  const account: AccountInfo = {
    homeAccountId: text(entity, 'home_account_id'),
    environment: text(entity, 'environment'),
    // Of a generic provider's URL, its path.
    tenantId: tenantIdOf(entity).replace(/^https?:..[^/]+\/?/, ''),
    localAccountId: text(entity, 'local_account_id') || null,
    username: text(entity, 'username'),
    authorityType: text(entity, 'authority_type'),
  }
  if (name) account.name = name
  if (source) account.accountSource = source
  return account
}

/** The account of a partition that a client may see: the home tenant's row, else the newest. A copy: it is the caller's to change. */
export function accountIn(partition: Partition, authority: Authority): AccountInfo | undefined {
  const viewer = authority.kind === 'oidc' ? authority.url : authority.cloud
  if (partition.viewer !== viewer) {
    const rows = visibleIn(partition, 'Account', authority)
    const home = rows.find((entity) =>
      text(entity, 'home_account_id')
        .toLowerCase()
        .endsWith(`.${realmOf(entity)}`),
    )
    const row = home ?? rows.at(-1)
    partition.viewer = viewer
    partition.account = row && accountInfo(row)
  }
  return partition.account && { ...partition.account }
}
