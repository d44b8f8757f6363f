import { ClientConfigurationError } from '../errors.ts'

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
   * @throws {@link ClientConfigurationError} `invalid_argument`: one of them is no string
   */
  constructor(instance: string, tenant: string) {
    if (typeof instance !== 'string' || typeof tenant !== 'string')
      throw new ClientConfigurationError('invalid_argument', 'An authority needs a host name and a tenant.')
    this.#url = `https://${instance.replace(/\/+$/, '')}/${tenant.replace(/^\/+|\/+$/g, '')}`
  }

  /** The URL. */
  toString(): string {
    return this.#url
  }
}
