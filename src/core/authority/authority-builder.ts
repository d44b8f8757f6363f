/**
 * Builds `https://{instance}/{tenant}`. (The manual, `authority`.)
 *
 * @example
 * ```ts
 * const authority = new AuthorityBuilder(AZURE_US_GOVERNMENT, 'contoso.onmicrosoft.com')
 * ```
 */
export class AuthorityBuilder {
  readonly #url: string

  /**
   * @param instance a host name, for instance {@link AZURE_CHINA}
   * @param tenant a domain name, a tenant id, `common`, `organizations` or `consumers`
   */
  constructor(instance: string, tenant: string) {
    this.#url = `https://${instance.replace(/\/+$/, '')}/${tenant.replace(/^\/+|\/+$/g, '')}`
  }

  /** The URL. */
  toString(): string {
    return this.#url
  }
}
