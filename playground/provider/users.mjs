import { createHash } from 'node:crypto'
import { tenantByDomain, tenants } from './tenants.mjs'

const { contoso, fabrikam } = tenants

/**
 * The people of the playground. `objectIds` maps a tenant id to the person's object id there; the first one is home, the others are guest
 * accounts. The passwords are for development only.
 */
export const users = {
  alice: person('Alice Ahlgren', 'alice@contoso.example', 'alice-dev', { [contoso.id]: 'a11ce000-0000-4000-8000-00000000c001' }),
  bob: person('Bob Bergström', 'bob@contoso.example', 'bob-dev', { [contoso.id]: 'b0b00000-0000-4000-8000-00000000c002' }),
  carol: person('Carol Castillo', 'carol@fabrikam.example', 'carol-dev', { [fabrikam.id]: 'ca201000-0000-4000-8000-00000000f001' }),
  fred: person('Fred Fischer', 'fred@works.contoso.example', 'fred-dev & more', { [contoso.id]: 'f2ed0000-0000-4000-8000-00000000c004' }),
  gina: person('Gina Guest', 'gina@contoso.example', 'gina-dev', {
    [contoso.id]: '91aa0000-0000-4000-8000-00000000c003',
    [fabrikam.id]: '91aa0000-0000-4000-8000-00000000f003',
  }),
}

function person(name, username, password, objectIds) {
  const domain = username.split('@')[1]
  const { id: homeTenantId, federatedDomain } = tenantByDomain(domain)
  const homeAccountId = `${objectIds[homeTenantId]}.${homeTenantId}`
  // The subject of tokens is opaque, so that nobody can mistake it for an object id.
  const subject = createHash('sha256').update(homeAccountId).digest('base64url')
  return { name, username, password, objectIds, homeTenantId, homeAccountId, subject, federated: domain === federatedDomain }
}

export const userBySubject = (subject) => Object.values(users).find((user) => user.subject === subject)

export function userByName(username) {
  const wanted = username.trim().toLowerCase()
  return Object.values(users).find((user) => user.username === wanted)
}

export const isMember = (user, tenantId) => tenantId in user.objectIds
