import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { bundle } from '../../playground/worker/hosts/bundle.mjs'
import type { startWorker } from '../../playground/worker/start.mjs'
import { Browser, type Playground } from '../support/provider.ts'
import type { Person } from '../support/sign-in.ts'

/** What `npm start` writes, as far as the Worker reads it. */
export function environmentOf({ provider, api }: Playground): Parameters<typeof startWorker>[0] {
  const { url, tenants, clients } = provider
  return { provider: url, tenants: Object.values(tenants), clients, api: `${api.url}/notes` }
}

const folder = fileURLToPath(new URL('../../playground/worker', import.meta.url))

/** A bundle of the Worker for workerd with something around it: a module that imports `./worker.js`. */
export const bundleWith = (contents: string): Promise<string> =>
  bundle({ entryPoints: [], stdin: { contents, resolveDir: folder }, format: 'esm', conditions: ['workerd', 'worker', 'browser'] })

/** The answer of `/my/profile`. */
export interface Profile {
  user: string
  profile: { userPrincipalName: string; calledBy: string }
  tokenSource: string
  apiTokenSource: string
}

/** A person and their browser, without a screen: it keeps the cookies of the Worker, and those of the provider apart. */
export class Visitor {
  /** Every text that came from the Worker: bodies, headers, addresses. */
  readonly seen: string[] = []
  readonly #origin: string
  readonly #provider = new Browser()
  jar = new Map<string, string>()

  constructor(origin: string) {
    this.#origin = origin
  }

  async open(path: string, { headers = {}, ...init }: RequestInit = {}): Promise<Response & { body: never }> {
    const cookie = [...this.jar].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(new URL(path, this.#origin), {
      redirect: 'manual',
      ...init,
      headers: { ...(headers as Record<string, string>), ...(cookie && { cookie }) },
    })
    const copy = response.clone()
    this.seen.push(await copy.text(), JSON.stringify([...response.headers]))
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = '', age] = /^([^=]+)=([^;]*);.*Max-Age=(\d+)/.exec(text) ?? []
      if (age === '0') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return response as Response & { body: never }
  }

  /** Goes to the provider and signs in there; resolves to the address that the provider sends the browser to. */
  async authorize(person: Person, returnTo?: string): Promise<string> {
    const begun = await this.open(`/sign-in${returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`}`)
    const { url } = await this.#provider.signIn(String(begun.headers.get('location')), person)
    return url
  }

  /** The next one to sign in is asked who they are. */
  leaveProvider(): void {
    this.#provider.clearCookies()
  }

  /** The whole of it; resolves to where the Worker sends the browser then. */
  async signIn(person: Person, returnTo?: string): Promise<string | null> {
    const response = await this.open(await this.authorize(person, returnTo))
    return response.headers.get('location')
  }

  /** What the button of the profile page shows. */
  async profile(): Promise<Profile & { status: number; error?: string }> {
    const response = await this.open('/my/profile')
    return { status: response.status, ...((await response.json()) as Profile) }
  }

  /** Signs out here and at the provider; resolves to where that ends. */
  async signOut(): Promise<string> {
    const response = await this.open('/sign-out', { method: 'POST', headers: { origin: this.#origin } })
    const { url } = await this.#provider.open(String(response.headers.get('location')))
    return url
  }

  /** No token ever came to the browser, but for the id token that tells the provider whom to sign out. */
  expectDiscreet(): void {
    expect(this.seen.length).toBeGreaterThan(0)
    expect(this.seen.join('\n').replace(/id_token_hint=[^&"]+/g, '')).not.toMatch(/eyJ[\w-]+\.eyJ|refresh_token|access_token/)
  }

  close(): Promise<void> {
    return this.#provider.close()
  }
}
