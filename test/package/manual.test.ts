import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './support.ts'

/** What the reference manual of MSAL Python 1.18 names: constructors, methods and their parameters. */
const signatures: Record<string, string> = {
  initiate_auth_code_flow: 'scopes redirect_uri state prompt login_hint domain_hint claims_challenge max_age response_mode',
  acquire_token_by_auth_code_flow: 'auth_code_flow auth_response scopes',
  get_authorization_request_url: 'scopes login_hint state redirect_uri response_type prompt nonce domain_hint claims_challenge',
  acquire_token_by_authorization_code: 'code scopes redirect_uri nonce claims_challenge',
  acquire_token_interactive: 'scopes prompt login_hint domain_hint claims_challenge timeout port extra_scopes_to_consent max_age',
  initiate_device_flow: 'scopes',
  acquire_token_by_device_flow: 'flow claims_challenge',
  acquire_token_by_refresh_token: 'refresh_token scopes',
  acquire_token_by_username_password: 'username password scopes claims_challenge',
  acquire_token_for_client: 'scopes claims_challenge',
  acquire_token_on_behalf_of: 'user_assertion scopes claims_challenge',
  acquire_token_silent: 'scopes account authority force_refresh claims_challenge',
  acquire_token_silent_with_error: 'scopes account authority force_refresh claims_challenge',
  get_accounts: 'username',
  remove_account: 'account',
  add: 'event',
  serialize: '',
  deserialize: 'state',
}

/** The parameters of both constructors, the keys of a credential, classes and constants. */
const others = `PublicClientApplication ConfidentialClientApplication __init__ client_id client_credential private_key thumbprint
  public_certificate passphrase client_assertion client_claims authority AuthorityBuilder AZURE_PUBLIC AZURE_US_GOVERNMENT AZURE_CHINA
  validate_authority cache token_cache http_client verify proxies timeout app_name app_version client_capabilities azure_region
  ATTEMPT_REGION_DISCOVERY exclude_scopes http_cache kwargs TokenCache SerializableTokenCache has_state_changed`.split(/\s+/)

const words = (text: string) => text.match(/\w+/g) ?? []
const code = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)

const table = readFileSync(join(root, 'README.md'), 'utf8').match(/<!-- manual -->([\s\S]*)<!-- \/manual -->/)?.[1] ?? ''
const rows = table
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, manual = '', here = '', proof = ''] = line.split('|').map((cell) => cell.trim())
    return { manual, here, proof: code(proof)[0] ?? '' }
  })

const types = readdirSync(join(root, 'dist'))
  .filter((name) => name.endsWith('.d.ts'))
  .map((name) => readFileSync(join(root, 'dist', name), 'utf8'))
  .join('\n')
// Without comments: a name that is only spoken of is not there.
const declared = new Set(words(types.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '')))

describe('the table of the manual', () => {
  it.each(Object.entries(signatures))('has %s with its parameters', (name, parameters) => {
    const row = rows.find(({ manual }) => words(code(manual)[0] ?? '')[0] === name)
    expect(words(code(row?.manual ?? '')[0] ?? '')).toEqual([name, ...words(parameters)])
  })

  it('has every class, parameter and constant', () => {
    const named = new Set(rows.flatMap(({ manual }) => code(manual)))
    const parameters = Object.entries(signatures).flatMap(([, text]) => words(text))
    expect([...others, ...parameters].filter((name) => !named.has(name))).toEqual([])
  })

  it('has every name once', () => {
    const names = rows.map(({ manual }) => manual)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it.each(rows)('$manual is here as the types say: $here', ({ manual, here }) => {
    // Names of the manual may be spoken of beside their own, such as `auth_uri`.
    const names = code(here)
      .filter((text) => !/^[a-z]+_[a-z_]+$/.test(text))
      .flatMap(words)
    expect(names.length, manual).toBeGreaterThan(0)
    expect(names.filter((name) => !declared.has(name))).toEqual([])
  })

  it.each(rows)('$manual is proved by $proof', ({ here, proof }) => {
    expect(proof).toMatch(/^test\/.+\.test\.ts$/)
    expect(existsSync(join(root, proof)), proof).toBe(true)
    expect(words(readFileSync(join(root, proof), 'utf8'))).toContain(words(code(here)[0] ?? '')[0])
  })
})
