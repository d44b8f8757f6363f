import { isAuthError } from 'msal-isomorphic'
import { withCookies } from 'msal-isomorphic/edge'
import { api, json } from './api.js'
import { openApp } from './app.js'
import { lastRun, runJob } from './job.js'
import { myProfile } from './my.js'
import { failurePage, homePage, profilePage, staticFile } from './pages.js'
import { answerTo, currentUser } from './session.js'
import { callback, redirect, signIn, signOut } from './sign-in.js'

/** @import { Context, Env, Visit } from './types.d.ts' */

/** @type {Record<string, ((visit: Visit) => Promise<Response>) | undefined>} */
const routes = {
  'GET /': home,
  'GET /profile': profile,
  'GET /sign-in': signIn,
  'GET /callback': callback,
  'POST /sign-out': signOut,
  'GET /my/profile': myProfile,
  'GET /api/me': api,
}

/** The Worker: web standards and msal-isomorphic, nothing of a runtime. */
export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @param {Context} context
   */
  async fetch(request, env, context) {
    const url = new URL(request.url)
    const { pathname } = url
    const isPage = !/^\/(api|my)\//.test(pathname)
    try {
      const file = request.method === 'GET' && staticFile(pathname)
      if (file) return file
      const route = routes[`${request.method} ${pathname}`]
      if (!route) return new Response('Not found', { status: 404 })
      return await route({ request, url, app: openApp(env), waitUntil: (work) => context.waitUntil(work) })
    } catch (error) {
      if (isPage && isAuthError(error) && error.action !== 'reconfigure') return withCookies(failurePage(error), [])
      return failure(error)
    }
  },

  /**
   * @param {unknown} _event
   * @param {Env} env
   * @param {Context} context
   */
  async scheduled(_event, env, context) {
    await runJob(openApp(env), context)
  },
}

/** @param {Visit} visit */
async function home(visit) {
  const { app } = visit
  const [user, run] = await Promise.all([currentUser(visit), lastRun(app)])
  const page = homePage(app, user?.account, run)
  return user ? answerTo(app, user.session, page) : withCookies(page, [])
}

/** @param {Visit} visit */
async function profile(visit) {
  const { app, url } = visit
  const user = await currentUser(visit)
  if (!user) return withCookies(redirect(`${app.env.ORIGIN}/sign-in?returnTo=${encodeURIComponent(url.pathname + url.search)}`), [])
  return answerTo(app, user.session, profilePage(app, user.account))
}

/**
 * What a program reads when something failed. Where the provider does not answer, it may try again; our own mistakes are in the log.
 *
 * @param {unknown} error
 */
function failure(error) {
  if (isAuthError(error) && error.action === 'retry') {
    const { retryAfter = 1000 } = /** @type {{ retryAfter?: number }} */ (error)
    const response = json({ error: error.code }, 503)
    response.headers.set('retry-after', String(Math.ceil(retryAfter / 1000)))
    return response
  }
  console.error(isAuthError(error) ? `${error.name} ${error.code}: ${error.message}` : error)
  return json({ error: isAuthError(error) ? error.code : 'failed' }, 500)
}
