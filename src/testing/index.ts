export { type CacheStoreContractOptions, type ContractCheck, cacheStoreContract } from './cache-store-contract.ts'
