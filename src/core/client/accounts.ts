import { accountIn } from '../cache/account.ts'
import { currentUsers } from '../cache/listing.ts'
import type { AccountInfo } from '../types.ts'
import type { ClientContext } from './context.ts'

/** The accounts that the cache knows, or those of one user name. */
export async function accountsOf({ memory, authority }: ClientContext, query: { username?: string }): Promise<AccountInfo[]> {
  await currentUsers(memory)
  const username = query.username?.toLowerCase()
  const accounts: AccountInfo[] = []
  for (const partition of memory.users.values()) {
    const account = accountIn(partition, authority)
    if (account && (username === undefined || account.username.toLowerCase() === username)) accounts.push(account)
  }
  return accounts
}

/** One account by its home account id. */
export async function accountOf({ memory, authority }: ClientContext, query: { homeAccountId: string }): Promise<AccountInfo | null> {
  const owner = { user: query.homeAccountId }
  await memory.current(owner)
  const partition = memory.get(owner)
  return (partition && accountIn(partition, authority)) ?? null
}
