import { authenticationOf, inScope, type ModuleEntry, type Plan } from './modules.ts'
import { clientId, clientSecret, redirectUri } from './registration.ts'
import { type Module, run } from './runner.ts'

/** A plan of the suite, as it is made there. FAPI wants PAR and DPoP, and logout an address that the suite can call: they are not among them. */
export interface SuitePlan {
  plan: Plan
  planName: string
  variant: Record<string, string>
  modules: readonly ModuleEntry[]
}

const fixed = { request_type: 'plain_http_request', client_registration: 'static_client' }
const free = (plan: Plan) => ({ ...fixed, client_auth_type: authenticationOf(plan), response_mode: 'default' })
const of = (...plans: Plan[]) => inScope.filter(({ plan }) => plans.includes(plan))

export const suitePlans: readonly SuitePlan[] = [
  { plan: 'basic', planName: 'oidcc-client-basic-certification-test-plan', variant: fixed, modules: of('basic') },
  { plan: 'config', planName: 'oidcc-client-config-certification-test-plan', variant: free('config'), modules: of('config') },
  {
    plan: 'form post',
    planName: 'oidcc-client-formpost-basic-certification-test-plan',
    variant: fixed,
    modules: of('basic', 'form post'),
  },
  {
    plan: 'refresh token',
    planName: 'oidcc-client-refreshtoken-test-plan',
    variant: { ...free('refresh token'), response_type: 'code' },
    modules: of('refresh token'),
  },
  {
    plan: 'comprehensive',
    planName: 'oidcc-client-test-plan',
    variant: { ...free('comprehensive'), response_type: 'code' },
    modules: of('comprehensive'),
  },
]

interface Made {
  id: string
  modules: { testModule: string; variant: Record<string, string> | null }[]
}

/** The suite's REST API, as far as a module needs it. */
export class Suite {
  readonly #address: string
  readonly #token: string | undefined
  readonly #made = new Map<string, Promise<Made>>()

  /** @param token of an account at the Foundation's own server; a local suite in development mode wants none */
  constructor(address: string, token: string | undefined) {
    this.#address = address
    this.#token = token
  }

  /** Runs a module; rejects where it comes off otherwise than it must, or the suite finds fault with the client. Null: this suite's plan has no such module. */
  async run({ plan, planName, variant }: SuitePlan, name: string, module: Module): Promise<string | null> {
    const { id, modules } = await this.#plan(planName, variant)
    const found = modules.find(({ testModule }) => testModule === name)
    if (!found) return null
    const instance = await this.#ask<{ id: string }>('POST', 'api/runner', {
      test: name,
      plan: id,
      ...(found.variant && { variant: JSON.stringify(found.variant) }),
    })
    await this.#until(instance.id, ['WAITING'])
    const { exposed } = await this.#ask<{ exposed: { issuer: string } }>('GET', `api/runner/${instance.id}`)
    const responseMode = plan === 'form post' ? ('form_post' as const) : undefined
    await run(module, { issuer: exposed.issuer, authentication: authenticationOf(plan), responseMode })
    const result = await this.#until(instance.id, ['FINISHED'])
    if (!['PASSED', 'WARNING', 'REVIEW', 'SKIPPED'].includes(result)) throw new Error(`The suite says ${result} of ${name}.`)
    return result
  }

  /** Made by the first module that needs it. */
  #plan(planName: string, variant: Record<string, string>): Promise<Made> {
    const client = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri }
    const configuration = { alias: 'msal-isomorphic', description: 'msal-isomorphic', waitTimeoutSeconds: 2, client }
    const made =
      this.#made.get(planName) ?? this.#ask<Made>('POST', 'api/plan', { planName, variant: JSON.stringify(variant) }, configuration)
    this.#made.set(planName, made)
    return made
  }

  /** Waits for a state; the result that the suite has come to by then. */
  async #until(id: string, states: readonly string[]): Promise<string> {
    for (let patience = 300; patience > 0; patience--) {
      const { status, result } = await this.#ask<{ status: string; result: string }>('GET', `api/info/${id}`)
      if (states.includes(status)) return result
      if (status === 'INTERRUPTED') throw new Error(`The suite has interrupted ${id}.`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`The suite did not come to ${states.join(' or ')}.`)
  }

  async #ask<T>(method: string, path: string, query: Record<string, string> = {}, body?: object): Promise<T> {
    const response = await fetch(new URL(`${path}?${new URLSearchParams(query)}`, this.#address), {
      method,
      headers: { 'content-type': 'application/json', ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`The suite answers ${path} with ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
}
