// The application's own page: it finishes a sign-in on load, then shows itself. The tests reach what it exposes.
import * as core from 'msal-isomorphic'
import * as browser from 'msal-isomorphic/browser'
import { config } from '/config.js'

const { isAuthError, PublicClientApplication } = core

/** What a promise comes to, in a form that can leave the page. */
window.outcome = (promise) =>
  Promise.resolve(promise).then(
    (result) => (result === undefined ? null : result && { ...result, idTokenClaims: result.idTokenClaims }),
    (error) => {
      if (!isAuthError(error)) throw error
      const { name, code, action, message } = error
      return { name, code, action, message }
    },
  )
window.config = config
window.msal = { ...core, ...browser }
const settings = { ...config, knownAuthorities: [new URL(config.authority).host] }
window.createApp = (options) => new PublicClientApplication({ ...settings, ...options })
// Another client on the same page, which asks first: what is not its own is none of its business.
window.other = window.createApp({ clientId: '00000000-0000-4000-8000-000000000000' })
window.otherStarted = window.outcome(browser.completeRedirect(window.other))
if (location.pathname === '/app/late') await new Promise((resolve) => setTimeout(resolve, 300))
// A page that keeps its tokens, or one that has them in memory only, as is the default.
window.tokenCache = new core.TokenCache(location.pathname === '/app/kept' ? { store: browser.indexedDbStore() } : {})
window.app = window.createApp({ tokenCache: window.tokenCache })
window.started = window.outcome(browser.completeRedirect(window.app))
window.started.then(() => {
  console.log('shown')
})
