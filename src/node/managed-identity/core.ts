/** What the client uses of the core's inside as soon as it is constructed. */
export { appId } from '../../core/cache/partitions.ts'
export { cacheFirst } from '../../core/client/cache-first.ts'
export { beginCall, type Call, type ClientContext, contextOf, createContext } from '../../core/client/context.ts'
export { tokenResult } from '../../core/client/result.ts'
export { checkClaims } from '../../core/oauth/claims.ts'
export { environmentVariable, osName } from '../../core/platform.ts'
export { guarded } from '../../core/util/guarded.ts'
export { loaded } from '../../core/util/loaded.ts'
