import { callApi } from './api.js'
import { readEnvironment } from './environment.js'
import { CliError, exitCodes } from './errors.js'
import { nameOf, print, printAccounts, printAnswer, printToken } from './output.js'
import { openSession } from './session.js'

export async function main(options, signal) {
  const environment = await readEnvironment(options)
  const session = await openSession(environment, { noBrowser: options['no-browser'], device: options.device, signal })
  try {
    if (options.accounts) await listAccounts(session)
    else if (options.logout) await logOut(session, options)
    else await useApi(session, environment, options, signal)
  } finally {
    await session.close()
  }
}

async function useApi(session, environment, options, signal) {
  const { login, force: forceRefresh, user: username } = options
  const { scopes } = environment
  const url = addressOf(environment, options)
  const account = await session.findAccount(username)
  let token = await session.getToken({ scopes, account, username, login, forceRefresh })
  let answer = await callApi(url, token.accessToken, signal)
  const { claimsChallenge } = answer
  if (claimsChallenge) {
    print('The API asks for more than the token says (a claims challenge).')
    token = await session.getToken({ scopes, account: token.account, claimsChallenge })
    answer = await callApi(url, token.accessToken, signal)
  }
  printToken(token)
  printAnswer(url, answer)
  if (answer.status >= 400) throw new CliError('The API refused the request.')
}

/** The playground's API asks for an authentication context on demand. */
function addressOf({ api, isPlayground }, { challenge, 'step-up': stepUp, profile }) {
  if (!challenge && !stepUp && !profile) return api
  if (!isPlayground) throw new CliError('--challenge, --step-up and --profile are for the playground.', exitCodes.usage)
  const url = profile ? new URL('/profile', api) : new URL(api)
  if (challenge || stepUp) url.searchParams.set('challenge', stepUp ? 'c2' : 'c1')
  return url.href
}

async function listAccounts({ app, findAccount }) {
  printAccounts(await app.getAccounts(), await findAccount())
}

async function logOut({ app, findAccount }, { user }) {
  const account = await findAccount(user)
  if (!account) return print(user ? `${user} is not signed in.` : 'Nobody is signed in.')
  await app.removeAccount(account)
  print(`Forgot ${nameOf(account)}.`)
  // With a name for a hint: an address that holds the id token is not to be shown. No address is no failure.
  const address = await app.getLogoutUrl({ logoutHint: account.username }).catch(() => undefined)
  if (address) print(`To sign out in the browser too, open ${address}`)
}
