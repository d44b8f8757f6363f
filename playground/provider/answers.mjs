import { randomUUID } from 'node:crypto'
import { shapeDiscovery } from './discovery.mjs'
import { errorBody, statusOf, translate } from './errors.mjs'
import { formTarget } from './pages.mjs'
import { clientInfo, shapeTokenResponse } from './tokens.mjs'
import { userBySubject } from './users.mjs'

/** Makes oidc-provider's class answer authorization requests in Entra's shape, whatever the response mode. */
export function withShapedAnswers(Provider, { shared }) {
  return class extends Provider {
    registerResponseMode(name, handler) {
      super.registerResponseMode(name, (ctx, redirectUri, payload) => {
        if (name === 'form_post') {
          ctx.set('content-security-policy', `default-src 'none'; script-src; form-action ${formTarget(redirectUri).join(' ')}`)
        }
        return handler.call(this, ctx, redirectUri, authorizationAnswer(ctx, payload, shared))
      })
    }
  }
}

function authorizationAnswer({ oidc, req }, { iss, ...payload }, shared) {
  const issuer = shared ? {} : { iss }
  if (payload.error) {
    const { error, error_description, suberror, error_uri } = errorBody(translate(payload), req.correlationId)
    return { ...payload, error, error_description, ...(suberror ? { suberror } : {}), error_uri, ...issuer }
  }
  const user = userBySubject(oidc.session.accountId)
  return {
    ...payload,
    ...(oidc.params.client_info === '1' ? { client_info: clientInfo(user) } : {}),
    session_state: oidc.session.uid,
    ...issuer,
  }
}

/** Shapes what a provider has answered. Runs around oidc-provider's own middleware. */
export function shapeAnswers(provider, { base, key, tenant, settings, onServerError }) {
  for (const event of ['grant.error', 'device_authorization.error', 'server_error']) {
    provider.on(event, (ctx, error) => {
      ctx.state.failure = error
      if (event === 'server_error') onServerError(error)
    })
  }
  provider.use(async (ctx, next) => {
    await next()
    const { form = {}, client, correlationId } = ctx.req
    const route = ctx._matchedRouteName
    ctx.set('x-ms-request-id', randomUUID())
    if (ctx.get('return-client-request-id') === 'true') ctx.set('client-request-id', correlationId)
    if (route === 'discovery') ctx.body = shapeDiscovery(ctx.body, { base, key, tenant })
    if (route !== 'token' && route !== 'device_authorization') return
    if (ctx.body?.error) {
      const { error_detail, claims } = ctx.state.failure ?? {}
      const translated = translate({ ...ctx.body, error_detail, claims })
      ctx.status = statusOf(translated)
      ctx.body = errorBody(translated, correlationId)
    } else if (route === 'token') {
      ctx.body = shapeTokenResponse({ ctx, body: ctx.body, form, client, settings })
    } else {
      ctx.body = deviceAnswer(ctx.body, settings)
    }
  })
}

function deviceAnswer({ verification_uri_complete: _left, ...body }, { deviceCodeInterval }) {
  const { user_code: code, verification_uri: uri } = body
  const message = `To sign in, use a web browser to open the page ${uri} and enter the code ${code} to authenticate.`
  return { ...body, interval: deviceCodeInterval, message }
}

/** Answers without a provider: a plain JSON document that any origin may read. */
export function sendJson(res, status, body, headers = {}) {
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': status === 200 ? 'max-age=86400, private' : 'no-store',
    'access-control-allow-origin': '*',
    ...headers,
  })
  res.end(JSON.stringify(body))
}

export function sendError(res, refusal, correlationId, status = statusOf(refusal)) {
  sendJson(res, status, errorBody(refusal, correlationId))
}
