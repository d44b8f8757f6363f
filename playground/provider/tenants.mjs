/** The directories of the playground. A tenant is addressed by its id or its domain; discovery always answers with the id, as Entra does. */
export const tenants = {
  contoso: {
    id: 'c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0',
    name: 'Contoso',
    domain: 'contoso.example',
    federatedDomain: 'works.contoso.example',
  },
  fabrikam: { id: 'fabfabfa-2222-4222-8222-fabfabfabfab', name: 'Fabrikam', domain: 'fabrikam.example' },
}

/** Names that stand for "the tenant of whoever signs in". */
export const sharedNames = ['common', 'organizations']

/** What a URL segment addresses: `{ key, tenant }` for a directory, `{ key, shared: true }` for the multi-tenant names, else undefined. */
export function addressedBy(segment) {
  const name = segment.toLowerCase()
  if (sharedNames.includes(name)) return { key: name, shared: true }
  const tenant = Object.values(tenants).find(({ id, domain }) => id === name || domain === name)
  return tenant && { key: tenant.id, tenant }
}

export const tenantById = (id) => Object.values(tenants).find((tenant) => tenant.id === id)

export const tenantByDomain = (domain) =>
  Object.values(tenants).find((tenant) => [tenant.domain, tenant.federatedDomain].includes(domain.toLowerCase()))
