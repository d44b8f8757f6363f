import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { emptyFolder, installBuild, packageJson, root } from './support.ts'

/** The public names of each entry point. A name that is gone breaks programs; one that is new belongs in this list. */
const values: Record<string, readonly string[]> = {
  'msal-isomorphic': [
    ...['PublicClientApplication', 'ConfidentialClientApplication', 'ClientApplication', 'TokenCache', 'SerializableTokenCache'],
    ...[
      'AuthError',
      'ServerError',
      'InteractionRequiredAuthError',
      'ClientAuthError',
      'ClientConfigurationError',
      'NetworkError',
      'isAuthError',
    ],
    ...[
      'AuthorityBuilder',
      'AZURE_PUBLIC',
      'AZURE_US_GOVERNMENT',
      'AZURE_CHINA',
      'ATTEMPT_REGION_DISCOVERY',
      'encrypted',
      'parseClaimsChallenge',
    ],
  ],
  'msal-isomorphic/browser': [
    ...['popup', 'redirect', 'silentFrame', 'completePopup', 'completeRedirect'],
    ...['accounts', 'indexedDbStore', 'logout', 'completeFrontChannelLogout'],
  ],
  'msal-isomorphic/node': ['loopback', 'createFetch', 'fileStore', 'ManagedIdentityClient', 'getManagedIdentitySource'],
  'msal-isomorphic/edge': [
    ...['challenge', 'challengeFor', 'validateAccessToken'],
    ...['sealFlow', 'unsealFlow', 'flowCookies', 'readFlowCookie', 'withCookies'],
    ...['sessionCookie', 'readSessionCookie', 'clearSessionCookie'],
    ...['kvStore', 'kvHttpCache', 'durableObjectStore', 'TokenCacheObject'],
  ],
  'msal-isomorphic/redis': ['redisStore', 'fromNodeRedis', 'fromIoredis', 'fromUpstash'],
  'msal-isomorphic/azure': ['toTokenCredential', 'toAuthenticationProvider'],
  'msal-isomorphic/testing': [
    ...['FakeProvider', 'fakeProvider', 'fakeInteraction', 'fakeClock', 'seed'],
    ...['cacheStoreContract', 'interactionContract'],
  ],
}
const types: Record<string, readonly string[]> = {
  'msal-isomorphic': [
    ...['ClientApplicationOptions', 'PublicClientOptions', 'ConfidentialClientOptions', 'RequestOptions'],
    ...['ClientCredential', 'CertificateCredential', 'ExternalSignCredential', 'AssertionCredential', 'SigningKey', 'EncryptionKey'],
    ...['AuthCodeFlow', 'AuthCodeFlowOptions', 'AuthorizationResponse', 'InitiateAuthCodeFlowOptions', 'InteractiveOptions'],
    ...['AuthorizationCodeOptions', 'AuthorizationRequestUrlOptions', 'DeviceCodeFlow', 'DeviceFlowOptions', 'InitiateDeviceFlowOptions'],
    ...['SilentOptions', 'ClientCredentialsOptions', 'OnBehalfOfOptions', 'RefreshTokenOptions', 'UsernamePasswordOptions'],
    ...['LogoutUrlOptions'],
    ...['TokenResult', 'UserResult', 'AppResult', 'AuthenticationResult', 'AccountInfo', 'IdTokenClaims'],
    ...['AnyAuthError', 'AuthErrorCode', 'AuthErrorAction', 'AuthErrorDetails', 'ServerErrorDetails'],
    ...['ServerErrorCode', 'ClientAuthErrorCode', 'ClientConfigurationErrorCode', 'NetworkErrorCode'],
    ...['TokenCacheOptions', 'TokenEvent', 'CredentialType'],
    ...['Interaction', 'InteractionContext', 'InteractionSession', 'AuthorizeRequest', 'ResponseMode'],
    ...['CacheStore', 'CacheStoreWriteOptions', 'HttpCache', 'Logger', 'LogRecord'],
  ],
  'msal-isomorphic/browser': [
    'Accounts',
    'IndexedDbStoreOptions',
    'PopupOptions',
    'RedirectOptions',
    'SilentFrameOptions',
    'LogoutOptions',
  ],
  'msal-isomorphic/node': [
    ...['LoopbackOptions', 'CreateFetchOptions', 'FileCipher', 'FileStoreOptions'],
    ...['ManagedIdentity', 'ManagedIdentityOptions', 'ManagedIdentityRequest', 'ManagedIdentitySource'],
  ],
  'msal-isomorphic/edge': [
    ...['ChallengeOptions', 'ValidateAccessTokenOptions', 'AccessTokenClaims'],
    ...['SealKey', 'SealKeys', 'FlowCookie', 'Session', 'SessionCookieOptions'],
    ...['KvNamespace', 'KvPage', 'KvStoreOptions', 'TokenCacheStub', 'TokenCacheObjectState'],
  ],
  'msal-isomorphic/redis': ['RedisStoreOptions', 'RedisScripting', 'NodeRedisClient', 'IoredisClient', 'UpstashClient'],
  'msal-isomorphic/azure': [
    ...['AzureTokenCredential', 'AzureAccessToken', 'GetAzureTokenOptions', 'AbortSignalLike', 'ManagedIdentityLike'],
    ...['TokenCredentialOptions', 'ApplicationCredentialOptions', 'OnBehalfOfCredentialOptions', 'AccountCredentialOptions'],
    ...['GraphAuthenticationProvider', 'GraphScopeOptions', 'GraphTokenOptions'],
  ],
  'msal-isomorphic/testing': [
    ...['FakeProviderOptions', 'FakeUser', 'FakeRequest', 'FakeAnswer', 'FakeFault', 'FakeEndpoint', 'FakeClock'],
    ...['AuthorizeOptions', 'IssueAccessTokenOptions', 'SeedOptions', 'AnswerAt', 'CacheStoreContractOptions', 'ContractCheck'],
  ],
}

const node = { lib: ['lib.es2022.d.ts'], types: ['node'] }
const page = { lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [] }
const nodeNext = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }

const settings: [string, ts.CompilerOptions][] = []
for (const [where, libraries] of Object.entries({ 'Node’s types': node, 'the DOM’s types': page })) {
  for (const [how, modules] of Object.entries({ NodeNext: nodeNext, Bundler: bundler })) {
    for (const exactOptionalPropertyTypes of [true, false]) {
      const strictness = { strict: true, exactOptionalPropertyTypes, skipLibCheck: false }
      settings.push([
        `${where}, ${how}, ${exactOptionalPropertyTypes ? 'exact' : 'lax'} optional properties`,
        { ...libraries, ...modules, ...strictness },
      ])
    }
  }
}

describe('the published types', () => {
  it.each(settings)(
    'compile with %s',
    async (_, options) => {
      const folder = await emptyFolder()
      await installBuild(folder)
      const app = join(folder, 'app.ts')
      await writeFile(app, Object.keys(values).map(program).join('\n'))
      expect(problems(app, folder, options)).toEqual([])
    },
    60_000,
  )

  it('are those of every entry point', () => {
    const entryPoints = Object.keys(packageJson.exports).filter((path) => !path.endsWith('.json'))
    expect(Object.keys(values)).toEqual(entryPoints.map((path) => `${packageJson.name}${path.slice(1)}`))
  })
})

it.each(Object.keys(values))('%s exports its values and no other', async (entryPoint) => {
  expect(Object.keys(await import(entryPoint)).sort()).toEqual([...values[entryPoint]!].sort())
})

/** A consumer that mentions every public name, and passes options the way people do. */
function program(entryPoint: string): string {
  const names = [...values[entryPoint]!, ...types[entryPoint]!.map((name) => `type ${name}`)]
  const lines = [`import { ${names.join(', ')} } from '${entryPoint}'`, `export type { ${types[entryPoint]!.join(', ')} }`]
  lines.push(`export { ${values[entryPoint]!.join(', ')} }`)
  if (values[entryPoint]!.includes('PublicClientApplication')) {
    lines.push(
      `const app = new PublicClientApplication({ clientId: 'id', fetch, logger: (record) => console.log(record.message) })`,
      `export async function token(account?: AccountInfo, signal = new AbortController().signal): Promise<string | null> {`,
      `  const result = await app.acquireTokenSilent({ scopes: ['read'], account, signal })`,
      `  return result && result.expiresOn > new Date() ? result.accessToken : null`,
      `}`,
      `export function advice(error: AnyAuthError): AuthErrorAction | number | undefined {`,
      `  return error.code === 'throttled' ? error.retryAfter : error.action`,
      `}`,
      `// @ts-expect-error there is no such option`,
      `new PublicClientApplication({ clientId: 'id', clientSecret: 'none' })`,
    )
  }
  return lines.join('\n')
}

/** What the compiler says about a program and about the declarations of the package; those of Node and of the DOM are not ours. */
function problems(app: string, folder: string, options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([app], {
    ...options,
    target: ts.ScriptTarget.ES2022,
    typeRoots: [join(root, 'node_modules/@types')],
    noEmit: true,
  })
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder.replaceAll('\\', '/')))
  const declared = ours.filter(({ isDeclarationFile }) => isDeclarationFile)
  if (declared.length < 3) throw new Error('The declarations of the package were not found.')
  const diagnostics = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]
  for (const file of ours) diagnostics.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file))
  return diagnostics.map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}
