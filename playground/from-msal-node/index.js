// A small web app that knows no library: `node playground/from-msal-node before settings.json` signs people in with MSAL Node, `after`
// with msal-isomorphic. README.md says what the settings are.
import { randomUUID, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [, , version = '', file = ''] = process.argv
const programs = { before: './before.js', after: './after.js' }
if (!programs[version] || !file) {
  process.stderr.write('Usage: node playground/from-msal-node before|after settings.json\n')
  process.exit(2)
}
const { apis, folder, port, ...settings } = JSON.parse(await readFile(file, 'utf8'))
const origin = `http://localhost:${port}`
const thumbprint = new X509Certificate(settings.certificate).fingerprint256.replaceAll(':', '')
const { createAuth } = await import(programs[version])
const auth = createAuth({ ...settings, thumbprint, cacheFile: join(folder, 'tokens.json'), redirectUri: `${origin}/callback` })

/** A web framework does this better. They are on disk, so that a visitor's session outlives the change of the library. */
const sessionFile = join(folder, 'sessions.json')
const sessions = JSON.parse(await readFile(sessionFile, 'utf8').catch(() => '{}'))

const redirect = (location) => ({ status: 302, headers: { location } })

const refusal = { status: 401, body: { error: 'Sign in at /sign-in.' } }

async function callApi(api, token) {
  const response = await fetch(api, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.json() }
}

const routes = {
  async '/'({ session }) {
    const token = await auth.userToken(session)
    return token ? callApi(apis.user, token) : refusal
  },
  '/sign-in': ({ session }) => auth.signIn(session).then(redirect),
  async '/callback'({ session, url }) {
    if (!session.flow) return redirect('/sign-in')
    await auth.finish(session, url)
    return redirect('/')
  },
  async '/sign-out'({ session }) {
    await auth.signOut(session)
    delete session.homeAccountId
    return redirect('/')
  },
  // The part of a daemon: the application's own business.
  '/archive': async () => callApi(apis.application, await auth.appToken()),
  // The part of an API: called with a token for this application, it calls the other API for the same person.
  '/api/profile': async ({ bearer }) => (bearer ? callApi(apis.caller, await auth.tokenOnBehalfOf(bearer)) : refusal),
}

const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, origin)
    const id = /\bsession=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
    const known = id && Object.hasOwn(sessions, id) ? id : randomUUID()
    const session = sessions[known] ?? {}
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : () => ({ status: 404 })
    const { status, headers, body } = await route({ session, url, bearer })
    if (Object.keys(session).length > 0) sessions[known] = session
    await writeFile(sessionFile, JSON.stringify(sessions), { mode: 0o600 })
    const cookie = { 'set-cookie': `session=${known}; HttpOnly; SameSite=Lax; Path=/` }
    response.writeHead(status, { ...headers, ...cookie, 'content-type': 'application/json' }).end(body && JSON.stringify(body))
  } catch (error) {
    // Both libraries have a code; neither message holds a secret.
    process.stderr.write(`${error.name} ${error.errorCode ?? error.code ?? ''}: ${error.message}\n`)
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: error.errorCode ?? error.code }))
  }
})
server.listen(port, 'localhost', () => process.stdout.write(`${origin}\n`))
