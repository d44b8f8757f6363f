/** What the server tells the page: see site.mjs. */
export interface Config {
  clientId: string
  authority: string
  knownAuthorities: string[]
  /** The origin of the API. */
  api: string
  /** Names by tenant id. */
  tenants: Record<string, string>
  people: Person[]
}

/** Somebody whom the local provider knows. */
export interface Person {
  name: string
  username: string
  password: string
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch('/config.json')
  if (!response.ok) throw new Error(`The page's server answered ${response.status}.`)
  return response.json()
}
