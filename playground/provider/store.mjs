import { offlineScope, resources, scopesOf } from './resources.mjs'
import { sharedNames } from './tenants.mjs'
import { userBySubject } from './users.mjs'

const everyScope = ['openid', 'profile', 'email', offlineScope, ...Object.keys(resources).flatMap(scopesOf)].join(' ')

/**
 * One memory for all tenants: a person signed in to one is signed in to the others, and a refresh token works wherever its owner
 * has an account. Codes and device codes remember the tenant they belong to.
 *
 * `current()` is the request being served (the provider's context), `refuse(reason)` makes the error for a second use.
 */
export function createStore({ settings, clients, current, refuse }) {
  const records = new Map()
  const ids = new Map()
  const keyOf = (model, id) => `${model}:${id}`
  const familyOf = (clientId) => Object.values(clients).find((client) => client.clientId === clientId)?.family
  const now = () => Math.floor(Date.now() / 1000)

  function spent({ model, consumed }) {
    if (consumed === undefined) return false
    return model !== 'RefreshToken' || now() - consumed >= settings.rotationGraceSeconds
  }

  function live(key) {
    const record = records.get(key)
    if (record?.expires <= Date.now() && record.model !== 'RefreshToken') records.delete(key)
    return records.get(key)
  }

  /** What was got under a shared name belongs to its owner's home tenant. */
  function tenantOf({ tenantKey, payload }) {
    return sharedNames.includes(tenantKey) ? userBySubject(payload.accountId)?.homeTenantId : tenantKey
  }

  /** Entra's refresh tokens are bound to a person and a client, not to the scopes of the first request. */
  function widen(payload) {
    const own = `api://${payload.clientId}`
    return { ...payload, scope: [everyScope, ...scopesOf(own)].join(' '), resource: [...Object.keys(resources), own] }
  }

  /** Clients of one family may use each other's refresh tokens, and the grants behind them. */
  function lendToFamily(model, payload) {
    const client = current()?.oidc?.client?.clientId
    if (!['RefreshToken', 'Grant'].includes(model) || !client || client === payload.clientId) return payload
    const family = familyOf(client)
    return family && family === familyOf(payload.clientId) ? { ...payload, clientId: client } : payload
  }

  /** The adapter that oidc-provider asks for, one per tenant and model. */
  const adapterFor = (tenantKey) => (model) => ({
    async upsert(id, payload, expiresIn) {
      const params = current()?.oidc?.params
      const requestedScope = params?.grant_type === 'refresh_token' ? params.scope : payload.scope
      records.set(keyOf(model, id), {
        model,
        id,
        tenantKey,
        requestedScope,
        payload: model === 'RefreshToken' ? widen(payload) : payload,
        consumed: records.get(keyOf(model, id))?.consumed,
        expires: Date.now() + (expiresIn ?? 86_400) * 1000,
      })
      for (const name of ['uid', 'userCode']) if (payload[name]) ids.set(keyOf(`${model} ${name}`, payload[name]), id)
    },
    async find(id) {
      // Client assertions may be used again while they last.
      if (model === 'ReplayDetection') return undefined
      const record = live(keyOf(model, id))
      if (!record) return undefined
      if (model === 'AuthorizationCode' && tenantOf(record) !== tenantKey) return undefined
      return lendToFamily(model, { ...record.payload, ...(spent(record) ? { consumed: record.consumed } : {}) })
    },
    async findByUid(uid) {
      return this.find(ids.get(keyOf(`${model} uid`, uid)))
    },
    async findByUserCode(code) {
      return this.find(ids.get(keyOf(`${model} userCode`, code)))
    },
    async consume(id) {
      const record = records.get(keyOf(model, id))
      if (spent(record)) throw refuse('already used')
      record.consumed ??= now()
    },
    async destroy(id) {
      records.delete(keyOf(model, id))
    },
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of records) if (payload.grantId === grantId) records.delete(key)
    },
  })

  return {
    adapterFor,
    /** The home tenant of a refresh token's owner, or the tenant of a code; undefined for an unknown or still pending one. */
    tenantOf(model, id) {
      const record = live(keyOf(model, id))
      return record && (model === 'RefreshToken' ? userBySubject(record.payload.accountId)?.homeTenantId : tenantOf(record))
    },
    /** The scopes that a refresh token was last asked with. */
    requestedScope: (refreshToken) => live(keyOf('RefreshToken', refreshToken))?.requestedScope,
    /** Ends what a person (all people, without a subject) has: refresh tokens, and the browser sessions with `sessions`. */
    revoke({ subject, sessions = false }) {
      for (const [key, { model, payload }] of records) {
        const ends = ['RefreshToken', 'Grant', 'AuthorizationCode'].includes(model) || (sessions && model === 'Session')
        if (ends && (!subject || payload.accountId === subject)) records.delete(key)
      }
    },
  }
}
