import type { UserResult } from 'msal-isomorphic'
import { completeRedirect } from 'msal-isomorphic/browser'
import { createAccountView } from './account-view.ts'
import { type Answer, type Ask, callApi } from './api.ts'
import { createApiView } from './api-view.ts'
import { createAuth, type SignInOptions, type Way } from './auth.ts'
import { createCacheView } from './cache-view.ts'
import { loadConfig } from './config.ts'
import { element, found } from './element.ts'
import { createNotice, failureOf } from './notice.ts'
import { recorded } from './recorder.ts'
import { createTimeline } from './timeline.ts'
import { createTokenView } from './token-view.ts'

const config = await loadConfig()
const timeline = createTimeline()
const notice = createNotice()
const send = recorded(timeline.request)
const auth = createAuth(config, send, (error) => notice.failed(failureOf(error)))
const showTokens = createTokenView()
const showCache = createCacheView(auth, (id) => auth.accounts.get().find(({ homeAccountId }) => homeAccountId === id)?.name)
const showAccounts = createAccountView(auth, config, ({ name, username }) => signIn(`Sign in as ${name}`, { loginHint: username }))
const api = createApiView(ask, answerChallenge)

/** Kept for this tab while the person is at the provider: how they went, and what they wanted of the API. */
const kept = { way: 'way', ask: 'ask' }
const sources = { cache: 'the cache', identity_provider: 'the provider' }
let busy = false
/** Whose token is shown. */
let shownFor: string | undefined

const ways = found('ways', HTMLFieldSetElement)
for (const radio of ways.querySelectorAll('input')) {
  if (sessionStorage.getItem(kept.way) === radio.value) radio.checked = true
  radio.addEventListener('change', () => sessionStorage.setItem(kept.way, radio.value))
}
const way = () => (ways.querySelector<HTMLInputElement>('input:checked')?.value ?? 'popup') as Way
const inWords = () => (way() === 'popup' ? 'with a popup' : 'by redirect')

const onClick = (id: string, act: () => void) => found(id, HTMLButtonElement).addEventListener('click', act)
onClick('sign-in', () => signIn('Sign in', {}))
onClick('add-account', () => signIn('Add an account', { prompt: 'select_account' }))
onClick('silent', () => getToken('Get a token silently', {}))
onClick('force', () => getToken('Force a refresh', { forceRefresh: true }))
onClick('sign-out', () => signOut(`Sign out ${inWords()}`, (account) => auth.signOut(way(), account)))
onClick('forget', () => signOut('Forget the account here', (account) => auth.forget(account)))
auth.accounts.subscribe(follow)

await perform('Open the page', { quiet: true }, async () => {
  const result = await completeRedirect(auth.app)
  if (result) return signedIn(result)
  await auth.app.getAccounts()
  return auth.accounts.get().length ? 'Welcome back.' : 'Nobody is signed in.'
})
const waiting = sessionStorage.getItem(kept.ask)
sessionStorage.removeItem(kept.ask)
if (waiting && auth.accounts.active) ask(JSON.parse(waiting), 'Ask the API again')

/** Does one thing at a time, tells of it, and how it ended. `task` begins at once: a popup opens only inside a click. */
async function perform(
  title: string,
  { canCancel = false, quiet = false }: { canCancel?: boolean; quiet?: boolean },
  task: (signal: AbortSignal) => Promise<string>,
): Promise<void> {
  if (busy) return
  setBusy(true)
  const controller = new AbortController()
  const action = timeline.begin(title)
  if (!quiet) notice.waiting(`${title} …`, canCancel ? controller : undefined)
  try {
    const outcome = await task(controller.signal)
    action.end(outcome)
    if (!quiet) notice.done(outcome)
  } catch (error) {
    const failure = failureOf(error)
    action.end(failure.text, !failure.wanted)
    if (failure.wanted) notice.done(failure.text)
    else notice.failed(failure)
  }
  setBusy(false)
  await follow()
}

/** The buttons stay where they are for the keyboard; they only do nothing meanwhile. */
function setBusy(now: boolean): void {
  busy = now
  document.body.toggleAttribute('data-busy', now)
  for (const button of document.querySelectorAll('[data-act]')) button.setAttribute('aria-disabled', `${now}`)
}

function signIn(title: string, options: Omit<SignInOptions, 'signal'>): void {
  perform(`${title} ${inWords()}`, { canCancel: true }, async (signal) => signedIn(await auth.signIn(way(), { ...options, signal })))
}

function signedIn(result: UserResult): string {
  show(result)
  return `Signed in as ${result.account.name ?? result.account.username}.`
}

function getToken(title: string, options: { forceRefresh?: boolean }): void {
  perform(title, {}, async () => {
    const result = await auth.token(options)
    show(result)
    if (!result) return 'There is no token to be had silently: sign in again.'
    return result.tokenSource === 'cache' ? 'The token came from the cache.' : 'The provider gave a new token.'
  })
}

function signOut(title: string, leave: (account: UserResult['account']) => Promise<void>): void {
  const account = auth.accounts.active
  if (account)
    perform(title, {}, async () => {
      await leave(account)
      return `${account.name ?? account.username} is signed out.`
    })
}

function ask(asked: Ask, title: string): void {
  perform(title, {}, async (signal) => told(asked, await callApi(auth, send, config.api, asked, signal)))
}

async function told(asked: Ask, answer: Answer): Promise<string> {
  // The call may have brought another token: that of the cache is the one in use.
  show(await auth.token())
  api.show(asked, answer)
  if ('needsSignIn' in answer) return 'Only you can go on from here: sign in again.'
  const how = answer.challenged ? ', after a claims challenge' : ''
  return `The API answered ${answer.status}${how}.`
}

function answerChallenge(asked: Ask, { scopes, claimsChallenge }: Extract<Answer, { needsSignIn: true }>): void {
  const loginHint = auth.accounts.active?.username
  perform(`Answer the API ${inWords()}`, { canCancel: true }, async (signal) => {
    if (way() === 'redirect') sessionStorage.setItem(kept.ask, JSON.stringify(asked))
    const hints = { ...(loginHint && { loginHint }), ...(claimsChallenge && { claimsChallenge }) }
    await auth.signIn(way(), { scopes, ...hints, signal }).finally(() => sessionStorage.removeItem(kept.ask))
    return told(asked, await callApi(auth, send, config.api, asked, signal))
  })
}

/** Keeps up with who is signed in and chosen, in whatever tab. */
async function follow(): Promise<void> {
  showAccounts()
  showCache()
  const { active } = auth.accounts
  if (busy || active?.homeAccountId === shownFor) return
  shownFor = active?.homeAccountId
  show(null)
  api.clear()
  if (!active) return
  const action = timeline.begin(`Work with ${active.name ?? active.username}`)
  try {
    const result = await auth.token()
    if (auth.accounts.active?.homeAccountId === active.homeAccountId) show(result)
    action.end(result ? `Token from ${sources[result.tokenSource]}.` : 'There is no token to be had silently.')
  } catch (error) {
    action.end(failureOf(error).text, true)
  }
}

function show(result: UserResult | null): void {
  if (result) {
    if (shownFor !== result.account.homeAccountId) api.clear()
    shownFor = result.account.homeAccountId
  }
  showTokens(result)
  const facts = result && {
    'came from': sources[result.tokenSource],
    'good until': result.expiresOn.toLocaleTimeString(),
    allows: result.scopes.filter((scope) => scope.includes('/')).join(' '),
  }
  const pairs = Object.entries(facts ?? { state: 'none: sign in again' })
  found('token-facts', HTMLElement).replaceChildren(
    ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  )
  showCache()
}
