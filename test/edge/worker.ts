/** A Worker whose requests say what it is to do. It runs in workerd, without Node's compatibility. */
import type { AuthCodeFlow } from '../../src/core/types.ts'
import { challengeFor } from '../../src/edge/challenge.ts'
import { withCookies } from '../../src/edge/cookie.ts'
import { flowCookies, readFlowCookie, sealFlow, unsealFlow } from '../../src/edge/seal-flow.ts'
import { readSessionCookie, sessionCookie } from '../../src/edge/session-cookie.ts'
import { type ValidateAccessTokenOptions, validateAccessToken } from '../../src/edge/validate-access-token.ts'

interface Environment {
  KEY: string
}

interface Work {
  token: string
  options: ValidateAccessTokenOptions
  flow: AuthCodeFlow
  cookie: string
}

export default {
  async fetch(request: Request, { KEY }: Environment): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/callback') {
      const { flow, clear } = await readFlowCookie(request, KEY)
      return withCookies(Response.json(flow), [clear, await sessionCookie({ homeAccountId: 'oid.tid', tenantId: 'tid' }, KEY)])
    }
    if (pathname === '/session') return Response.json(await readSessionCookie(request, KEY))
    const { token, options, flow, cookie } = (await request.json()) as Work
    try {
      if (pathname === '/seal') return Response.json(await sealFlow(flow, KEY))
      if (pathname === '/unseal') return Response.json(await unsealFlow(cookie, KEY))
      if (pathname === '/begin') return withCookies(new Response(), await flowCookies(flow, KEY, request))
      const claims = validateAccessToken(token, options)
      // This request is over before its work is: workerd ends that too.
      if (pathname === '/leave') {
        claims.catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 100))
        return new Response('left')
      }
      return Response.json(await claims)
    } catch (error) {
      const { status, headers } = pathname === '/validate' ? challengeFor(error) : new Response(null, { status: 400 })
      return Response.json((error as { code: string }).code, { status, headers })
    }
  },
}
