export {
  type GraphAuthenticationProvider,
  type GraphScopeOptions,
  type GraphTokenOptions,
  toAuthenticationProvider,
} from './authentication-provider.ts'
export {
  type AbortSignalLike,
  type AccountCredentialOptions,
  type ApplicationCredentialOptions,
  type AzureAccessToken,
  type AzureTokenCredential,
  type GetAzureTokenOptions,
  type ManagedIdentityLike,
  type OnBehalfOfCredentialOptions,
  type TokenCredentialOptions,
  toTokenCredential,
} from './token-credential.ts'
