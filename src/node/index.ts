export { type CreateFetchOptions, createFetch } from './create-fetch.ts'
export { type LoopbackOptions, loopback } from './loopback.ts'
