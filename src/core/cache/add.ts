import { loaded } from '../util/loaded.ts'
import { isRecord, toRecord } from '../util/record.ts'
import type { Partitions } from './partitions.ts'
import { type ClientTokenEvent, readAppEvent } from './token-event.ts'
import { writeEntities } from './write.ts'

/** Checks an event and writes its tokens, into the store too where there is one. */
export async function addEvent(memory: Partitions, event: ClientTokenEvent): Promise<void> {
  if (isRecord(event.response) && 'error' in event.response) {
    const { oauthError } = await loaded(import('../oauth/oauth-error.ts'))
    throw oauthError(toRecord(event.response), { status: 200 })
  }
  const own = event.grantType === 'client_credentials'
  const user = own ? undefined : await loaded(import('./user-event.ts'))
  const outcome = user ? user.readTokenEvent(event) : readAppEvent(event)
  const write = (again?: boolean) => (user ? user.writeUserOutcome(memory, event, outcome, again) : writeEntities(memory, outcome.entities))
  if (!memory.level) return write()
  const { change } = await loaded(import('./store-level.ts'))
  await change(memory, memory.level, outcome.owner, write)
}
