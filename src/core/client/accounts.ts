import { accountIn } from '../cache/account.ts'
import { currentUsers } from '../cache/listing.ts'
import type { AccountOptions, AccountsOptions } from '../options.ts'
import type { AccountInfo } from '../types.ts'
import { beginCall, type ClientContext } from './context.ts'

/** The accounts that the cache knows, or those of one user name. */
export async function accountsOf(context: ClientContext, query: AccountsOptions): Promise<AccountInfo[]> {
  const { memory, authority } = context
  const users = await currentUsers(memory, beginCall(context, query))
  const username = query.username?.toLowerCase()
  const accounts: AccountInfo[] = []
  for (const partition of users.values()) {
    const account = accountIn(partition, authority)
    if (account && (username === undefined || account.username.toLowerCase() === username)) accounts.push(account)
  }
  return accounts
}

/** One account by its home account id. */
export async function accountOf(context: ClientContext, query: AccountOptions): Promise<AccountInfo | null> {
  const { memory, authority } = context
  const owner = { user: query.homeAccountId }
  await memory.current(owner, beginCall(context, query))
  const partition = memory.get(owner)
  return (partition && accountIn(partition, authority)) ?? null
}
