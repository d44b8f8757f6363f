import { isAuthError } from 'msal-isomorphic'
import { CliError, exitCodes } from './errors.js'
import { printable } from './output.js'

const advice = {
  retry: 'Try again in a moment.',
  interact: 'Sign in again: node playground/node-cli --login',
  reconfigure: 'Check the client id, the tenant and the scopes.',
  report: 'If it stays, tell whoever runs the identity provider, with the correlation id.',
}
const exitCodeOf = { retry: exitCodes.failure, interact: exitCodes.notSignedIn, reconfigure: exitCodes.usage, report: exitCodes.failure }

/** What a person reads about an error, and the exit code. Never a stack, and nothing that could hold a secret. */
export function describeError(error, signal) {
  if (signal.aborted) return { text: 'Interrupted.', exitCode: exitCodes.interrupted }
  if (error instanceof CliError) return { text: error.message, exitCode: error.exitCode }
  if (!isAuthError(error)) return { text: `Unexpected: ${printable(error?.message ?? error)}`, exitCode: exitCodes.failure }
  // The person pressed "Cancel" on the provider's page.
  if (error.error === 'access_denied') return { text: 'The sign-in was cancelled (access_denied).', exitCode: exitCodes.notSignedIn }
  const lines = [`Error ${error.code}: ${printable(error.message)}`, `What to do: ${adviceFor(error)}`]
  if (error.correlationId) lines.push(`Correlation id: ${printable(error.correlationId)}`)
  return { text: lines.join('\n'), exitCode: exitCodeOf[error.action] }
}

function adviceFor({ code, action, retryAfter }) {
  if (code === 'unreachable') return 'Check the network. Does the playground still run (npm start)?'
  if (retryAfter) return `Try again in ${Math.ceil(retryAfter / 1000)} seconds.`
  return advice[action]
}
