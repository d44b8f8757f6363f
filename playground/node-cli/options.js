import { parseArgs } from 'node:util'

export const usage = `Usage: node playground/node-cli [options]

Signs you in through the browser and calls the API. The next time the token comes from the cache file.

  --login              sign in with the browser, also when somebody is signed in already
  --user <name>        the account to use, where several are signed in
  --tenant <id>        another tenant: an id, a domain, or common
  --force              get a new token although the cached one is still good
  --challenge          let the API ask for a claim that the provider adds without asking you (playground only)
  --step-up            let the API ask for a claim that takes a new sign-in (playground only)
  --profile            let the API ask a second API about you, on your behalf (playground only)
  --accounts           list the accounts that are signed in
  --logout             forget the account
  --no-browser         print the address of the sign-in page instead of opening it
  --device             sign in on another device: print a code instead of opening the browser
  --environment <file> what "npm start" has written (default: .playground/environment.json)
  --help               show this text

Without a playground, set AZURE_CLIENT_ID and AZURE_TENANT_ID to sign in with the Microsoft identity platform and call Microsoft Graph.
MSAL_CLI_HOME is the folder of the cache files (default: .playground/cli, for the real service ~/.msal-isomorphic-cli).

Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 nobody signed in, 130 interrupted.
`

const flag = { type: 'boolean' }
const value = { type: 'string' }

/** The options of the command line, or a complaint about it. */
export function parseOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      allowPositionals: false,
      options: {
        accounts: flag,
        challenge: flag,
        device: flag,
        environment: value,
        force: flag,
        help: { ...flag, short: 'h' },
        login: flag,
        logout: flag,
        'no-browser': flag,
        profile: flag,
        'step-up': flag,
        tenant: value,
        user: value,
      },
    })
    const empty = Object.keys(values).find((name) => values[name] === '')
    if (empty) return { complaint: `--${empty} needs a value.` }
    const actions = ['accounts', 'login', 'logout'].filter((name) => values[name])
    if (actions.length > 1) return { complaint: `Choose one of --${actions.join(' and --')}.` }
    return { options: values }
  } catch (error) {
    return { complaint: error.message }
  }
}
