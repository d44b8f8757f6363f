import { createHash } from 'node:crypto'
import { escapeHtml, style } from './page-style.mjs'

const styleHash = createHash('sha256').update(style).digest('base64')

export function startPageHeaders(type) {
  return {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
}

const code = (text) => `<code>${escapeHtml(text)}</code>`
const link = (url) => `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`
const row = (cells) =>
  `<tr><th scope="row">${cells[0]}</th>${cells
    .slice(1)
    .map((cell) => `<td>${cell}</td>`)
    .join('')}</tr>`

function table(caption, headings, rows) {
  const head = headings.map((heading) => `<th scope="col">${heading}</th>`).join('')
  return `<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
<table><thead><tr>${head}</tr></thead><tbody>${rows.map(row).join('')}</tbody></table></div>`
}

/** The page of `npm start`. */
export function startPage({ provider, providerHttps, authority, tenants, api, scopes, clients, users, worker }) {
  const discovery = `${authority}/v2.0/.well-known/openid-configuration`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>msal-isomorphic playground</title>
<style>${style}</style>
</head>
<body>
<main class="wide">
<h1>The playground is running</h1>
<p>A sign-in provider that looks like the Microsoft identity platform, and an API that takes its tokens. Everything stays on this machine and in
memory. <strong>For development only:</strong> the passwords below are public.</p>

<h2>In the browser</h2>
<p><a href="/">The sample page</a> signs you in by popup or redirect, calls the API, and shows every request, the tokens and the cache.</p>

<h2>In a terminal</h2>
<p>Sign in and call the API:</p>
<pre tabindex="0"><code>node playground/node-cli</code></pre>
<p>It opens the browser, you sign in as one of the people below, and it prints your notes. Run it again, and the token comes from its cache.</p>

<h2>Other ways</h2>
<pre tabindex="0"><code>node playground/node-cli --device     # sign in on another device
node playground/node-cli --profile    # the API asks a second API about you, on your behalf
node playground/node-cli --challenge  # the API wants a claim that your token lacks
node playground/node-cli --logout
node playground/daemon                # a service that acts as itself, with a certificate</code></pre>

<h2>Use it from your own code</h2>
<pre tabindex="0"><code>import { PublicClientApplication } from 'msal-isomorphic'
import { loopback } from 'msal-isomorphic/node'

const app = new PublicClientApplication({
  clientId: '${escapeHtml(clients.native.clientId)}',
  authority: '${escapeHtml(authority)}',
  knownAuthorities: ['${escapeHtml(new URL(provider).host)}'],
  interaction: loopback(),
})
const { accessToken } = await app.acquireTokenInteractive({ scopes: ['${escapeHtml(scopes[0])}'] })</code></pre>

<h2>People</h2>
${table(
  'People',
  ['Account', 'Password', 'Name'],
  users.map(({ username, password, name }) => [code(username), code(password), escapeHtml(name)]),
)}

<h2>Addresses</h2>
${table(
  'Addresses',
  ['What', 'Where'],
  [
    ['Provider', `${code(provider)}<br>${code(providerHttps)}`],
    ['Authority for everyone', code(authority)],
    ...tenants.map(({ name, authority: own }) => [`Authority of ${escapeHtml(name)}`, code(own)]),
    ['Discovery document', link(discovery)],
    ['API', link(api)],
    ['A website in a Worker', link(worker)],
    ['All of this as JSON', '<a href="/environment.json">environment.json</a>'],
  ],
)}

<h2>Applications</h2>
${table(
  'Applications',
  ['Name', 'Kind', 'Client id', 'Secret'],
  Object.values(clients).map(({ name, type, clientId, secret, certificate }) => [
    escapeHtml(name),
    escapeHtml(type),
    code(clientId),
    secret ? code(secret) : certificate ? 'certificate' : '',
  ]),
)}
<p class="note">Redirect URIs: <code>http://localhost</code> and <code>http://127.0.0.1</code> with any port and path. Stop the playground with Ctrl+C.</p>
</main>
</body>
</html>`
}
