export { fromIoredis, fromNodeRedis, fromUpstash, type IoredisClient, type NodeRedisClient, type UpstashClient } from './clients.ts'
export type { RedisScripting } from './operation.ts'
export { type RedisStoreOptions, redisStore } from './redis-store.ts'
