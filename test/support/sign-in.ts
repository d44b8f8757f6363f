import { Agent, fetch } from 'undici'

export interface Person {
  username: string
  password: string
}

export interface SignInOptions {
  /** Keeps cookies between calls, so that the second one finds the session of the first. */
  browser?: Browser
  /** PEM of the authority for an HTTPS provider. */
  ca?: string | undefined
  /** Answers "Cancel" to the first page that asks something. */
  cancel?: boolean
}

export interface SignInResult {
  /** Where the provider sent the person: the redirect URI, with the parameters of `query` and `fragment` answers. */
  url: string
  /** The parameters of the answer, whatever the response mode. */
  params: Record<string, string>
  /** `POST` for the response mode `form_post`. */
  method: 'GET' | 'POST'
  /** The headings of the pages that were shown on the way. */
  pages: string[]
}

/** Does the person's part of a sign-in by plain HTTP: follows the pages from the authorization URL until they leave the provider. */
export async function signIn(authUri: string, person: Person, { browser, ca, cancel = false }: SignInOptions = {}): Promise<SignInResult> {
  const own = browser ?? new Browser(ca === undefined ? {} : { ca })
  try {
    return await own.signIn(authUri, person, cancel)
  } finally {
    if (!browser) await own.close()
  }
}

interface Page {
  url: string
  html: string
}

/** A browser without a screen: cookies, redirects and forms. */
export class Browser {
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>()
  readonly #agent: Agent

  constructor({ ca, agent }: { ca?: string; agent?: Agent } = {}) {
    this.#agent = agent ?? new Agent(ca === undefined ? {} : { connect: { ca } })
  }

  async signIn(authUri: string, person: Person, cancel = false): Promise<SignInResult> {
    const home = new URL(authUri).origin
    const pages: string[] = []
    let request: { url: string; form?: Record<string, string> } = { url: authUri }
    for (let step = 0; step < 12; step++) {
      const { origin } = new URL(request.url)
      if (origin !== home) {
        const { form } = request
        return { url: request.url, params: form ?? paramsOf(request.url), method: form ? 'POST' : 'GET', pages }
      }
      const page = await this.#open(request)
      if (typeof page === 'string') {
        request = { url: page }
        continue
      }
      const heading = headingOf(page.html)
      if (heading) pages.push(heading)
      const before = request.form
      request = nextForm(page, person, cancel)
      if (before && request.form?.password && before.password === request.form.password)
        throw new Error(`The provider refused the password: ${textOf(page.html)}`)
    }
    throw new Error(`The sign-in did not end after ${pages.join(', ')}`)
  }

  /** Loads a URL within the provider and follows its redirects: signing out, for example. Resolves to the last URL and page. */
  async open(url: string, form?: Record<string, string>): Promise<Page> {
    const home = new URL(url).origin
    let request: { url: string; form?: Record<string, string> } = form ? { url, form } : { url }
    for (let step = 0; step < 12; step++) {
      if (new URL(request.url).origin !== home) return { url: request.url, html: '' }
      const page = await this.#open(request)
      if (typeof page === 'string') request = { url: page }
      else if (/document\.forms\[0\]\.submit/.test(page.html)) request = nextForm(page, undefined, false)
      else return page
    }
    throw new Error('Too many redirects')
  }

  /** Enters a device code and signs in; resolves to the heading of the last page. */
  async approveDevice(verificationUri: string, userCode: string, person: Person): Promise<string> {
    let page = await this.open(verificationUri)
    for (let step = 0; step < 6; step++) {
      if (!/<form/.test(page.html)) return headingOf(page.html) ?? ''
      const { url, form } = nextForm(page, person, false)
      if ('user_code' in form) form.user_code = userCode
      page = await this.open(url, form)
    }
    throw new Error('The device code was not approved')
  }

  clearCookies(): void {
    this.#cookies.clear()
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #open({ url, form }: { url: string; form?: Record<string, string> }): Promise<Page | string> {
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      ...(form ? { body: new URLSearchParams(form) } : {}),
      headers: { accept: 'text/html', cookie: this.#cookieHeader(url) },
      redirect: 'manual',
      dispatcher: this.#agent,
    })
    for (const cookie of response.headers.getSetCookie()) this.#store(cookie)
    const html = await response.text()
    const location = response.headers.get('location')
    if (location) return new URL(location, url).href
    if (!/text\/html/.test(response.headers.get('content-type') ?? '')) throw new Error(`No page but ${response.status} ${html}`)
    return { url, html }
  }

  #store(header: string): void {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim())
    const cut = pair.indexOf('=')
    const name = pair.slice(0, cut)
    const value = pair.slice(cut + 1)
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
    const key = `${name} ${path}`
    const gone = value === '' || attributes.some((attribute) => /^expires=.*1970/i.test(attribute))
    if (gone) this.#cookies.delete(key)
    else this.#cookies.set(key, { name, value, path })
  }

  #cookieHeader(url: string): string {
    const { pathname } = new URL(url)
    const fitting = [...this.#cookies.values()].filter(
      ({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`),
    )
    return fitting.map(({ name, value }) => `${name}=${value}`).join('; ')
  }
}

function nextForm({ url, html }: Page, person: Person | undefined, cancel: boolean): { url: string; form: Record<string, string> } {
  const form = /<form([^>]*)>(.*?)<\/form>/s.exec(html)
  if (!form) throw new Error(`The sign-in stopped at: ${textOf(html)}`)
  const [, attributes = '', content = ''] = form
  const fields: Record<string, string> = {}
  for (const [input] of content.matchAll(/<input[^>]*>/gs)) {
    const name = attribute(input, 'name')
    if (name) fields[name] = attribute(input, 'value') ?? ''
  }
  if ('password' in fields && person) Object.assign(fields, { username: person.username, password: person.password })
  const buttons = [...content.matchAll(/<button[^>]*>/gs)].map(([button]) => button)
  const chosen = cancel
    ? buttons.at(-1)
    : (buttons.find((button) => person && attribute(button, 'value') === person.username) ?? firstOrOther(buttons, person))
  const chosenName = chosen && attribute(chosen, 'name')
  if (chosen && chosenName) fields[chosenName] = attribute(chosen, 'value') ?? ''
  return { url: new URL(attribute(attributes, 'action') ?? url, url).href, form: fields }
}

/** In a list of accounts the person looks for their own and else takes "another account", the last button. */
function firstOrOther(buttons: string[], person: Person | undefined): string | undefined {
  const accounts = buttons.some((button) => attribute(button, 'name') === 'account')
  return accounts && person ? buttons.at(-1) : buttons[0]
}

const headingOf = (html: string): string | undefined => /<h1>(.*?)<\/h1>/s.exec(html)?.[1]

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value?.replace(/&#(\d+);|&(amp|lt|gt|quot);/g, (_, code?: string, word?: string) => {
    if (code) return String.fromCharCode(Number(code))
    return { amp: '&', lt: '<', gt: '>', quot: '"' }[word ?? ''] ?? ''
  })
}

function paramsOf(url: string): Record<string, string> {
  const { searchParams, hash } = new URL(url)
  return Object.fromEntries([...searchParams, ...new URLSearchParams(hash.slice(1))])
}

function textOf(html: string): string {
  return html
    .replace(/<(style|script|title)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
