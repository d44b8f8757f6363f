import { ClientAuthError, isAuthError } from '../errors.ts'
import type { Interaction, InteractionContext, InteractionSession } from '../ports.ts'

/** Runs a sign-in in a session of an interaction, which is begun before anything is awaited and is closed whatever happens. */
export async function withSession<T>(
  interaction: Interaction,
  { correlationId }: { correlationId: string },
  asked: Omit<InteractionContext, 'signal'>,
  use: (session: InteractionSession, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  let session: InteractionSession | undefined
  try {
    session = interaction.begin({ ...asked, signal: over.signal })
    return await use(session, over.signal)
  } catch (error) {
    if (isAuthError(error)) throw error
    // What an application's own interaction throws may hold the answer.
    throw new ClientAuthError('interaction_failed', 'The sign-in page could not be shown, or failed.', { correlationId })
  } finally {
    over.abort()
    try {
      session?.close()
    } catch {}
  }
}
