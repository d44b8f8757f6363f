import type { Auth } from './auth.ts'
import { element, found } from './element.ts'

/** An entry of the cache, as far as it is shown. The fields are the schema's. */
interface Entity {
  home_account_id?: string
  target?: string
  expires_on?: string
  cached_at?: string
  secret?: string
}

const sections = { AccessToken: 'access', RefreshToken: 'refresh', IdToken: 'id' } as const

/** Shows the partitions of the store and what is in them, with the time that the access tokens have left. */
export function createCacheView({ store, tokenCache }: Auth, names: (homeAccountId: string) => string | undefined) {
  const list = found('cache', HTMLElement)
  const empty = found('cache-empty', HTMLElement)
  let shown = ''
  let ticking: (() => void)[] = []

  async function look(): Promise<void> {
    const partitions: string[] = []
    for await (const name of store.list?.() ?? []) partitions.push(name)
    const [access, refresh, id] = await Promise.all(Object.keys(sections).map((section) => entities(section as keyof typeof sections)))
    const state = JSON.stringify([partitions, access, refresh, id])
    if (state !== shown) {
      shown = state
      ticking = []
      empty.hidden = partitions.length > 0
      const own = (all: Entity[] | undefined, partition: string) =>
        (all ?? []).filter(({ home_account_id }) => partition === `user:${home_account_id}`)
      list.replaceChildren(
        ...partitions.sort().map((name) => item(name, own(access, name), own(refresh, name).length, own(id, name).length)),
      )
    }
    for (const tick of ticking) tick()
  }

  /** Without the secrets, but for their lengths. */
  async function entities(section: keyof typeof sections): Promise<Entity[]> {
    const all: Entity[] = await tokenCache.find(section)
    return all.map(({ home_account_id, target, expires_on, cached_at, secret }) => {
      return { home_account_id, target, expires_on, cached_at, secret: `${secret?.length ?? 0}` } as Entity
    })
  }

  function item(name: string, access: Entity[], refresh: number, id: number): HTMLElement {
    const counts = [plural(access.length, 'access token'), plural(refresh, 'refresh token'), plural(id, 'id token')]
    const who = names(name.slice('user:'.length))
    const head = element('h3', {}, ...(who ? [who, ' '] : []), element('code', { class: 'quiet' }, name))
    const tokens = access.map(tokenRow)
    return element('li', {}, head, element('p', { class: 'quiet' }, counts.join(' · ')), element('ul', { class: 'lives' }, ...tokens))
  }

  function tokenRow({ target = '', expires_on, cached_at, secret }: Entity): HTMLElement {
    const [end, begin] = [Number(expires_on) * 1000, Number(cached_at) * 1000]
    const left = element('span', { class: 'left' })
    const scopes = target.split(' ').filter((scope) => !['openid', 'profile', 'email'].includes(scope))
    const life = element('progress', { max: Math.max(1, end - begin), 'aria-label': `Time that ${scopes.join(' ')} has left` })
    ticking.push(() => {
      const ms = Math.max(0, end - Date.now())
      life.value = ms
      left.textContent = ms ? `${clock(ms)} left` : 'expired'
    })
    const size = element('span', { class: 'quiet' }, `•••••  ${secret} characters`)
    return element('li', {}, element('code', {}, scopes.join(' ')), left, life, size)
  }

  setInterval(() => document.visibilityState === 'visible' && look().catch(() => {}), 1000)
  return () => look().catch(() => {})
}

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/** 59:41, or 1:02:03. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const two = (number: number) => `${number}`.padStart(2, '0')
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`
}
