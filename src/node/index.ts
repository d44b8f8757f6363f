export { type CreateFetchOptions, createFetch } from './create-fetch.ts'
export { type FileCipher, type FileStoreOptions, fileStore } from './file-store.ts'
export { type LoopbackOptions, loopback } from './loopback.ts'
export {
  getManagedIdentitySource,
  ManagedIdentityClient,
  type ManagedIdentityOptions,
  type ManagedIdentityRequest,
} from './managed-identity/client.ts'
export type { ManagedIdentity } from './managed-identity/identity.ts'
export type { ManagedIdentitySource } from './managed-identity/sources.ts'
