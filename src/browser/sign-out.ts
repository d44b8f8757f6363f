import { claimsOf } from '../core/cache/claims-of.ts'
import { visibleIn } from '../core/cache/listing.ts'
import { beginCall, contextOf } from '../core/client/context.ts'
import { type Hints, hintsOf } from '../core/client/hints.ts'
import { logoutUrl } from '../core/client/logout-url.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { ClientAuthError, isAuthError } from '../core/errors.ts'
import type { AccountInfo } from '../core/types.ts'
import { randomBase64Url } from '../core/util/crypto.ts'
import { signedOut } from './answer.ts'
import { listen } from './listen.ts'
import type { LogoutOptions } from './logout.ts'

/** Milliseconds between two looks at a popup. */
const interval = 250

/** Forgets who signs out, then tells the provider: on this page, or in a popup, which may be blocked (null). */
export async function signOut(
  app: PublicClientApplication,
  options: LogoutOptions,
  popup: Window | null | false | undefined,
): Promise<void> {
  try {
    const context = contextOf(app)
    const accounts = options.account ? [options.account] : await app.getAccounts()
    // Several cannot be named in one request.
    const account = accounts.length === 1 ? accounts[0] : undefined
    const hints: Hints = account ? await hintsOf(context, account) : {}
    for (const gone of accounts) await app.removeAccount(gone)
    if (popup === null) throw new ClientAuthError('popup_blocked', 'The browser blocked the popup.')
    const { postLogoutRedirectUri: back } = options
    const state = signedOut + randomBase64Url(16)
    const request = {
      ...(account && { account }),
      ...(back !== undefined && { postLogoutRedirectUri: wholeUrl(back), ...(popup && { state }) }),
    }
    const url = await logoutUrl(context, request, beginCall(context, {}), hints)
    await (popup ? inPopup(popup, url, state) : leave(url))
  } catch (error) {
    if (!isAuthError(error, 'endpoint_missing')) throw error
  } finally {
    if (popup) popup.close()
  }
}

/** As seen from this page. It is registered as a text, so one that is whole stays as it is. */
const wholeUrl = (url: string) => (URL.canParse(url) || !URL.canParse(url, location.href) ? url : new URL(url, location.href).href)

/** Resolves only if the person comes back to this very page, which the browser has kept alive. */
function leave(url: string): Promise<void> {
  return new Promise((resolve) => {
    addEventListener('pageshow', ({ persisted }) => persisted && resolve(), { once: true })
    location.assign(url)
  })
}

/** Nothing depends on it any more, so a popup that looks closed is believed. */
async function inPopup(popup: Window, url: string, state: string): Promise<void> {
  let timer: ReturnType<typeof setInterval> | undefined
  let deafen = () => {}
  await new Promise<void>((resolve) => {
    deafen = listen(state, () => resolve())
    timer = setInterval(() => popup.closed && resolve(), interval)
    popup.location.replace(url)
  })
  clearInterval(timer)
  deafen()
}

/** Removes the accounts of a session that has ended at the provider, as far as this client knows them. */
export async function endSession(app: PublicClientApplication, parameters: URLSearchParams): Promise<void> {
  const { clientId, memory, authority } = contextOf(app)
  const [iss, sid] = [parameters.get('iss'), parameters.get('sid')]
  const all = iss === null && sid === null
  const isNamed = ({ homeAccountId: user }: AccountInfo) => {
    const idTokens = visibleIn(memory.get({ user }), 'IdToken', authority)
    const own = idTokens.filter((entity) => entity.client_id === clientId).map(claimsOf)
    return all || own.some((claims) => claims?.iss === iss && claims?.sid === sid)
  }
  for (const account of await app.getAccounts()) if (isNamed(account)) await app.removeAccount(account)
}
