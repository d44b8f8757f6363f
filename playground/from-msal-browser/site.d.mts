export interface PageConfig {
  clientId: string
  authority: string
  scopes: string[]
  api: string
  cacheLocation: 'sessionStorage' | 'localStorage'
}

export interface Site {
  url: string
  /** Which page is served; live. */
  version: 'before' | 'after'
  /** Live. */
  config: PageConfig
  close(): Promise<void>
}

export function startSite(options: { version: 'before' | 'after'; config: PageConfig; port?: number }): Promise<Site>
