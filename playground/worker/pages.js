import { isAuthError } from 'msal-isomorphic'
import { escapeHtml, style } from '../page-style.mjs'

/** @import { AccountInfo } from 'msal-isomorphic' */
/** @import { App } from './types.d.ts' */

/** Runs on the profile page. */
const script = `
const output = document.getElementById('answer')
document.getElementById('ask').addEventListener('click', async () => {
  output.textContent = '…'
  const response = await fetch('/my/profile', { headers: { accept: 'application/json' } })
  const answer = await response.json()
  if (response.status === 401) {
    const { claims = '' } = answer
    location.assign('/sign-in?' + new URLSearchParams({ returnTo: location.pathname, claims }))
  } else output.textContent = JSON.stringify(answer, null, 2)
})
`

/** @type {Record<string, { type: string, text: string } | undefined>} */
const files = { '/style.css': { type: 'text/css', text: style }, '/profile.js': { type: 'text/javascript', text: script } }

/**
 * The parts of pages that are the same for everybody; undefined for other paths.
 *
 * @param {string} path
 */
export function staticFile(path) {
  const file = files[path]
  return file && new Response(file.text, { headers: { 'content-type': `${file.type}; charset=utf-8`, 'cache-control': 'no-cache' } })
}

/**
 * @param {App} app
 * @param {AccountInfo | undefined} account
 * @param {{ at: string, notes: number, tokenSource: string } | null} run
 */
export function homePage(app, account, run) {
  const body = account
    ? `<p>You are <strong id="user">${escapeHtml(account.username)}</strong>.</p>
<p><a href="/profile">Your profile</a></p>${signOutForm}`
    : '<p><a id="sign-in" href="/sign-in?returnTo=/profile">Sign in</a></p>'
  const job = run
    ? `The scheduled job ran at ${escapeHtml(run.at)} and saw ${Number(run.notes)} notes.`
    : 'The scheduled job has not run yet.'
  return page('A Worker', `${body}<p class="note">${job}</p>`, { app })
}

/**
 * @param {App} app
 * @param {AccountInfo} account
 */
export function profilePage(app, account) {
  const body = `<p>You are <strong id="user">${escapeHtml(account.username)}</strong>. This page has no token: the Worker adds it when it asks the API.</p>
<button id="ask" type="button">Ask the API who you are</button>
<pre tabindex="0" aria-live="polite"><code id="answer"></code></pre>${signOutForm}`
  return page('Your profile', body, { app, head: '<script type="module" src="/profile.js"></script>' })
}

/** @type {Record<string, number | undefined>} */
const statuses = { retry: 503, reconfigure: 500 }

/**
 * What a person reads when something failed: the code, which says what, and nothing that came from elsewhere.
 *
 * @param {unknown} error
 */
export function failurePage(error) {
  if (!isAuthError(error)) throw error
  const declined = error.name === 'ServerError' && error.error === 'access_denied'
  const status = statuses[error.action] ?? 400
  if (!declined && error.action !== 'interact')
    console.error(`${error.name} ${error.code}: ${error.message} (${error.correlationId ?? 'no correlation id'})`)
  const reason = declined ? 'You have not signed in.' : `The sign-in has failed: <code id="code">${escapeHtml(error.code)}</code>.`
  return page('Not signed in', `<p role="alert">${reason}</p><p><a href="/sign-in">Try again</a></p>`, { status })
}

const signOutForm = '<form method="post" action="/sign-out"><button class="quiet" id="sign-out">Sign out</button></form>'

/**
 * @param {string} title
 * @param {string} body
 * @param {{ app?: App, head?: string, status?: number }} options
 */
function page(title, body, { app, head = '', status = 200 }) {
  // The form that signs out ends at the provider.
  const targets = ["'self'", ...(app ? [new URL(app.env.AUTHORITY).origin] : [])].join(' ')
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`
  const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
${head}
</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      // A form's Origin header would be null under a stricter one.
      'referrer-policy': 'same-origin',
    },
  })
}
