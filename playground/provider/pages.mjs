import { createHash } from 'node:crypto'
import { escapeHtml, style } from '../page-style.mjs'
import { errorBody, translate } from './errors.mjs'

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const submitAtOnce = "document.addEventListener('DOMContentLoaded',function(){document.forms[0].submit()})"

/** The headers of every page. `targets` are the origins that a form may end at, beside the provider itself. */
export function pageHeaders({ targets = [], script } = {}) {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': [
      "default-src 'none'",
      `style-src ${hash(style)}`,
      ...(script ? [`script-src ${hash(script)}`] : []),
      `form-action 'self' ${targets.join(' ')}`.trim(),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  }
}

/** Where a redirect URI leads, as a source of a content security policy. */
export function formTarget(redirectUri) {
  const url = URL.parse(redirectUri ?? '')
  if (!url) return []
  return [/^https?:$/.test(url.protocol) ? url.origin : url.protocol]
}

export function page(title, body, script) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
${script ? `<script>${script}</script>` : ''}
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
<p class="note">Playground sign-in, for development only.</p>
</main>
</body>
</html>`
}

const alertOf = (error) => (error ? `<p class="error" role="alert" id="error">${escapeHtml(error)}</p>` : '')

const hidden = (name, value) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`

export function signInPage({ clientName, where, username = '', error }) {
  const focus = (on) => (on ? ' autofocus' : '')
  return page(
    'Sign in',
    `<p>to continue to <strong>${escapeHtml(clientName)}</strong> with ${escapeHtml(where)}</p>
${alertOf(error)}
<form method="post" autocomplete="on">
<label for="username">Account</label>
<input id="username" name="username" type="text" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" required
  value="${escapeHtml(username)}"${focus(!username)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${focus(username)}>
<button type="submit" name="action" value="sign-in">Sign in</button>
<button type="submit" name="action" value="cancel" class="quiet" formnovalidate>Cancel</button>
</form>`,
  )
}

export function accountPage({ clientName, accounts }) {
  const buttons = accounts.map(
    ({ username, name }) =>
      `<button type="submit" name="account" value="${escapeHtml(username)}" class="quiet">${escapeHtml(name)} (${escapeHtml(username)})</button>`,
  )
  return page(
    'Pick an account',
    `<p>to continue to <strong>${escapeHtml(clientName)}</strong></p>
<form method="post">
${hidden('action', 'select')}
${buttons.join('\n')}
<button type="submit" name="account" value="" class="quiet" id="other-account">Use another account</button>
</form>`,
  )
}

export function consentPage({ clientName, username, scopes }) {
  return page(
    'Permissions requested',
    `<p><strong>${escapeHtml(clientName)}</strong> would like to act for ${escapeHtml(username)}:</p>
<ul>${scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('')}</ul>
<form method="post">
<button type="submit" name="action" value="accept">Accept</button>
<button type="submit" name="action" value="cancel" class="quiet">Cancel</button>
</form>`,
  )
}

/** The pages that oidc-provider asks for while it handles a request (`ctx`). */
function send(ctx, title, body, script) {
  ctx.set(pageHeaders({ targets: formTarget(ctx.oidc?.session?.state?.postLogoutRedirectUri), script }))
  ctx.body = page(title, body, script)
}

export const providerPages = {
  signOut(ctx, form) {
    const withoutScript = form.replace(
      '</form>',
      `${hidden('logout', 'yes')}<noscript><button type="submit">Sign out</button></noscript></form>`,
    )
    send(ctx, 'Signing out', withoutScript, submitAtOnce)
  },
  signedOut(ctx) {
    send(ctx, 'Signed out', '<p>You signed out of your account. It is a good idea to close the browser window.</p>')
  },
  deviceCode(ctx, form, _out, error) {
    const field = form.replace(/ onfocus="[^"]*"/, ' id="user_code" aria-label="Code"').replaceAll('></input>', '>')
    const submit = field.replace('</form>', '<button type="submit">Next</button></form>')
    const wrong = error ? 'That code did not work. Check it and try again.' : undefined
    send(ctx, 'Enter code', `<p>Enter the code that your app or device shows.</p>${alertOf(wrong)}${submit}`)
  },
  deviceConfirm(ctx, form, client, _deviceInfo, userCode) {
    const question = `<p>Are you trying to sign in to <strong>${escapeHtml(client.clientName)}</strong> with code <code>${escapeHtml(userCode)}</code>?</p>`
    const buttons =
      '<button type="submit">Continue</button><button type="submit" name="abort" value="yes" class="quiet">Cancel</button></form>'
    send(ctx, 'Sign in on another device', question + form.replace('</form>', buttons))
  },
  deviceDone(ctx) {
    send(ctx, 'You have signed in', '<p>You may close this window.</p>')
  },
  error(ctx, out, error) {
    const translated = translate({ ...out, error_detail: error.error_detail })
    send(
      ctx,
      'Sorry, we have trouble signing you in',
      `<p class="error" role="alert">${escapeHtml(errorBody(translated).error_description)}</p>`,
    )
  },
}
