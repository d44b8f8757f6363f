import { ClientConfigurationError } from '../core/index.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { platformModule } from './platform.ts'
import { proxyTable } from './proxy-table.ts'
import { bunFetch, denoFetch, type Transport, undiciFetch } from './transports.ts'

/** Options of {@link createFetch}. */
export interface CreateFetchOptions {
  /**
   * The URL of an HTTP proxy for all requests, with credentials where it wants them (`http://name:password@proxy:8080`), or a table like
   * the `proxies` of Python's requests: the keys are `https`, `http`, `all`, `https://host` (the most specific wins), and `no_proxy`, a
   * list of host names to reach directly. Default: none; environment variables are not read.
   */
  proxy?: string | Readonly<Record<string, string>> | undefined
  /** PEM certificates to trust instead of the system's. */
  ca?: string | undefined
  /** `false` accepts every certificate: whoever is on the network can then read and change everything, tokens and secrets included; never use it outside a test. A string is the path of a PEM file, trusted instead of the system's certificates. Default true. */
  verify?: boolean | string | undefined
}

const certificate = /-----BEGIN (TRUSTED )?CERTIFICATE-----/

/**
 * Makes a `fetch` that goes through a proxy or trusts other certificates (the manual's `proxies` and `verify`).
 *
 * Node.js needs the optional package `undici` (`npm i undici`), which is loaded with the first request; the responses are that package's.
 * Bun's and Deno's own `fetch` can do the same; Deno trusts `ca` in addition to its own certificates and takes `verify: false` only from its
 * command line. Without options the result calls the runtime's `fetch`.
 *
 * The result rejects like `fetch`, and with `ClientConfigurationError` `environment_unsupported` where the runtime lacks what is asked for,
 * or `invalid_argument` where the file of `verify` holds no certificate.
 *
 * @throws ClientConfigurationError `invalid_argument` for a proxy that is no http or https URL, or options that are none or contradict each other
 * @see https://requests.readthedocs.io/en/latest/user/advanced/#proxies
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({
 *   clientId,
 *   clientCredential,
 *   fetch: createFetch({ proxy: { https: 'http://proxy.example:8080', no_proxy: 'localhost' } }),
 * })
 * ```
 */
export function createFetch(options: CreateFetchOptions = {}): typeof fetch {
  checkOptions(options, /ca (?!string)|verify (?!boolean|string)|proxy (?!string|object)/)
  const { proxy, ca, verify = true } = options
  const proxyFor = proxyTable(proxy)
  if (ca !== undefined && !certificate.test(ca)) throw new ClientConfigurationError('invalid_argument', 'ca holds no PEM certificate.')
  if (ca !== undefined && verify === false)
    throw new ClientConfigurationError('invalid_argument', 'ca and verify: false exclude each other.')
  if (verify === '') throw new ClientConfigurationError('invalid_argument', 'verify is an empty path.')
  if (proxyFor === undefined && ca === undefined && verify === true) return (input, init) => globalThis.fetch(input, init)

  const prepare = async (): Promise<Transport> => {
    const bundle = typeof verify === 'string' ? await readBundle(verify) : undefined
    const certificates = [ca, bundle].filter((pem) => pem !== undefined)
    const settings = { proxyFor, ca: certificates.length > 0 ? certificates.join('\n') : undefined, insecure: verify === false }
    if ('Bun' in globalThis) return bunFetch(settings)
    if ('Deno' in globalThis) return denoFetch(settings)
    return await undiciFetch(settings)
  }
  let transport: Promise<Transport> | undefined
  return async (input, init) => {
    transport ??= prepare().catch((error) => {
      transport = undefined
      throw error
    })
    return (await transport)(input, init)
  }
}

async function readBundle(path: string): Promise<string> {
  const { readFile } = await platformModule('createFetch()', () => import('node:fs/promises'))
  let cause: unknown
  try {
    const pem = await readFile(path, 'utf8')
    if (certificate.test(pem)) return pem
  } catch (error) {
    cause = error
  }
  throw new ClientConfigurationError('invalid_argument', 'verify does not name a readable file of PEM certificates.', { cause })
}
