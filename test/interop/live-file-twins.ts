/** An entry of the unified schema, as it stands in a file. */
export type Entity = Record<string, string | null | undefined>
export type CacheFile = Record<string, Record<string, Entity>>

/** The hosts of one cloud; of the environments in these files, no others have two names. */
const worldwide = ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net', 'login.windows-ppe.net']

/** What an entry stands for, as the schema has it: two entries of one meaning are one too many. */
function meaningOf(section: string, entity: Entity): string {
  const lower = (value: string | null | undefined) => (value ?? '').toLowerCase()
  const environment = worldwide.includes(lower(entity.environment)) ? 'the worldwide cloud' : lower(entity.environment)
  const client = lower(entity.client_id)
  const home = lower(entity.home_account_id)
  const parts: Record<string, string[]> = {
    AccessToken: [home, client, lower(entity.realm), lower(entity.target).split(' ').sort().join(' ')],
    RefreshToken: [home, entity.family_id ? `family ${entity.family_id}` : client],
    IdToken: [home, client, lower(entity.realm)],
    Account: [home, lower(entity.realm)],
    AppMetadata: [client],
  }
  return [section, environment, ...parts[section]!].join(' | ')
}

/** The meanings that a file has more than one entry of, with their keys. */
export function twinsIn(file: CacheFile): [meaning: string, keys: string[]][] {
  const keys = new Map<string, string[]>()
  for (const section of ['AccessToken', 'RefreshToken', 'IdToken', 'Account', 'AppMetadata']) {
    for (const [key, entity] of Object.entries(file[section] ?? {})) {
      const meaning = meaningOf(section, entity)
      keys.set(meaning, [...(keys.get(meaning) ?? []), key])
    }
  }
  return [...keys].filter(([, of]) => of.length > 1)
}
