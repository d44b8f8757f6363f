import { isMember, userByName, userBySubject } from './users.mjs'

/** The authentication context that a request's `claims` ask for (`{"access_token":{"acrs":{"value":"c2"}}}`), if any. */
export function requestedContext(claims) {
  try {
    const { value, values } = JSON.parse(claims)?.access_token?.acrs ?? {}
    return value ?? values?.[0]
  } catch {
    return undefined
  }
}

/** Every sign-in satisfies `c1`; any other context takes a sign-in that was asked for it. */
export const satisfies = (context, reached) => context === undefined || context === 'c1' || context === reached

/**
 * When a person is asked something: oidc-provider's own rules, and Entra's account picker, login hint, tenant membership and
 * authentication contexts. Consent is implied, and asked for with `prompt=consent` only.
 */
export function signInPolicy({ base, Prompt, Check }, tenant) {
  const policy = base()
  const login = policy.get('login')
  const add = (reason, description, error, test) =>
    login.checks.add(
      new Check(reason, description, error, (ctx) => Boolean(ctx.oidc.session.accountId && !ctx.oidc.result?.login && test(ctx.oidc))),
    )

  add('other_account', 'another account is asked for', 'login_required', ({ params, session }) => {
    const hinted = userByName(params.login_hint ?? '')
    return Boolean(hinted) && hinted.subject !== session.accountId
  })
  add('not_a_member', 'the account does not exist in this tenant', 'interaction_required', ({ session }) => {
    const user = userBySubject(session.accountId)
    return !user || (tenant !== undefined && !isMember(user, tenant.id))
  })
  add('step_up', 'a stronger sign-in is asked for', 'interaction_required', ({ params, session }) => {
    return !satisfies(requestedContext(params.claims), session.acr)
  })

  const consent = policy.get('consent')
  for (const { reason } of [...consent.checks]) if (reason !== 'consent_prompt') consent.checks.remove(reason)

  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0)
  return policy
}
