import { decodeBase64Url } from '../core/util/base64url.ts'
import { guid } from './fake-home.ts'

/** Somebody who can sign in at a fake provider. */
export interface FakeUser {
  /** `preferred_username`, and what `login_hint` and the password grant name. Compared without regard to case. */
  username: string
  /** The display name. Default: none. */
  name?: string
  /** What the password grant must bring. Default: any password that is not empty. */
  password?: string
  /** The object id in the home tenant. Default: one that is the same in every run for the same place in the list. */
  objectId?: string
  /** The id of the home tenant. Default: the provider's. */
  tenantId?: string
  /** Further claims of this user's id and access tokens, such as `roles` or `groups`; they go over the provider's own. */
  claims?: Record<string, unknown>
}

/** Who there is where nobody is named. */
export const alice: FakeUser = { username: 'alice@contoso.example', name: 'Alice' }
export const contoso = 'c0ffee00-0000-4000-8000-00000c0ffee0'

/** A user with all that the provider needs to know. */
export type KnownUser = Omit<FakeUser, 'objectId' | 'tenantId'> & Required<Pick<FakeUser, 'objectId' | 'tenantId'>>

/** Who a user is in a tenant, which need not be their own: there they are a guest, by another object id. */
export const objectIdIn = ({ objectId, tenantId }: KnownUser, tenant: string): string =>
  tenant === tenantId ? objectId : tenant.slice(0, 8) + objectId.slice(8)

/** Keeps the users of a provider. A user is given by name, or as a whole, and then known from then on. */
export class FakePeople {
  readonly #users: KnownUser[] = []
  readonly #tenantId: string

  /** @param tenant whose users they are, where it is one by its id */
  constructor(users: readonly FakeUser[], tenant: string) {
    this.#tenantId = guid.test(tenant) ? tenant.toLowerCase() : contoso
    for (const user of users) this.add(user)
  }

  /** Adds a user, or takes the place of the one of that name. */
  add(user: FakeUser): KnownUser {
    const index = this.#users.findIndex(({ username }) => same(username, user.username))
    const number = index < 0 ? this.#users.length : index
    const objectId = `00000000-0000-4000-8000-${(number + 1).toString(16).padStart(12, '0')}`
    const known = { objectId, tenantId: this.#tenantId, ...user }
    this.#users[number] = known
    return known
  }

  find(username: string): KnownUser | undefined {
    return this.#users.find((user) => same(user.username, username))
  }

  /** Absent: the first. */
  get(user: string | FakeUser | undefined): KnownUser {
    const found = typeof user === 'object' ? this.add(user) : user === undefined ? this.#users[0] : this.find(user)
    if (!found) throw new Error(user === undefined ? 'The provider has no user.' : `The provider has no user ${user}.`)
    return found
  }

  /** By a subject of the tokens made here. */
  bySubject(subject: unknown): KnownUser | undefined {
    return this.#users.find((user) => subjectOf(user) === subject)
  }

  /** The tenant of a domain that a user's name ends with. */
  tenantOf(domain: string): string | undefined {
    return this.#users.find(({ username }) => same(username.slice(username.indexOf('@') + 1), domain))?.tenantId
  }
}

/** The `sub` of all tokens of a user. */
export const subjectOf = ({ objectId }: KnownUser): string => `sub-${objectId}`

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** Name and password of HTTP Basic, where a client proves itself so (RFC 6749 section 2.3.1). */
export function basicCredentials(authorization: string | null): [string, string] | undefined {
  const [, encoded] = /^Basic ([\w+/]+=*)$/i.exec(authorization ?? '') ?? []
  if (!encoded) return undefined
  const [name = '', secret = ''] = new TextDecoder().decode(decodeBase64Url(encoded)).split(':')
  return [decodeURIComponent(name), decodeURIComponent(secret)]
}
