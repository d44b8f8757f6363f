import { parse } from 'node:querystring'
import { accountPage, consentPage, formTarget, pageHeaders, signInPage } from './pages.mjs'
import { requestedContext } from './sign-in-policy.mjs'
import { isMember, userByName, userBySubject } from './users.mjs'

/** Handles `/{tenant}/login/{id}`: the pages that ask a person for an account, a password or consent. */
export async function handleSignIn({ req, res, body, provider, tenant, clients }) {
  const interaction = await provider.interactionDetails(req, res)
  const { params, prompt, session } = interaction
  const client = Object.values(clients).find(({ clientId }) => clientId === params.client_id)
  const context = { clientName: client.name, where: tenant ? `your ${tenant.name} account` : 'your work account' }
  const finish = (result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true })

  function show(html, status = 200) {
    res.writeHead(status, pageHeaders({ targets: formTarget(params.redirect_uri) }))
    res.end(html)
  }

  if (req.method === 'GET' || req.method === 'HEAD') return show(firstPage())
  if (req.method !== 'POST') return show('', 405)
  const form = parse(body.toString())
  switch (form.action) {
    case 'cancel':
      return finish({ error: 'access_denied', error_description: 'the user declined' })
    case 'accept':
      return finish({ consent: {} })
    case 'select':
      return select(String(form.account))
    default:
      return signIn(String(form.username ?? ''), String(form.password ?? ''))
  }

  function firstPage() {
    const signedIn = userBySubject(session?.accountId)
    if (prompt.name === 'consent') {
      return consentPage({ ...context, username: signedIn?.username, scopes: params.scope.split(' ') })
    }
    if (prompt.name === 'select_account' && signedIn) return accountPage({ ...context, accounts: [signedIn] })
    return signInPage({ ...context, username: params.login_hint })
  }

  function select(username) {
    const user = userByName(username)
    const signedIn = user && user.subject === session?.accountId && (!tenant || isMember(user, tenant.id))
    return signedIn ? finish({ select_account: {} }) : show(signInPage({ ...context, username }))
  }

  function signIn(username, password) {
    const user = userByName(username)
    if (!user || user.password !== password) {
      return show(signInPage({ ...context, username, error: 'Your account or password is incorrect.' }))
    }
    if (tenant && !isMember(user, tenant.id)) {
      return show(signInPage({ ...context, username, error: `The account ${user.username} does not exist in ${tenant.name}.` }))
    }
    const acr = requestedContext(params.claims) ?? 'c1'
    return finish({
      login: { accountId: user.subject, acr, amr: ['pwd'] },
      ...(prompt.name === 'select_account' ? { select_account: {} } : {}),
    })
  }
}
