export { type CacheStoreContractOptions, type ContractCheck, cacheStoreContract } from './cache-store-contract.ts'
export { type FakeClock, fakeClock } from './fake-clock.ts'
export type { FakeFault } from './fake-faults.ts'
export type { FakeEndpoint } from './fake-home.ts'
export { fakeInteraction } from './fake-interaction.ts'
export type { FakeUser } from './fake-people.ts'
export {
  type AuthorizeOptions,
  type FakeAnswer,
  FakeProvider,
  type FakeProviderOptions,
  type FakeRequest,
  fakeProvider,
  type IssueAccessTokenOptions,
} from './fake-provider.ts'
export { type AnswerAt, interactionContract } from './interaction-contract.ts'
export { type SeedOptions, seed } from './seed.ts'
