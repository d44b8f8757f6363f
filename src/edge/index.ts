export { type ChallengeOptions, challenge } from './challenge.ts'
export { withCookies } from './cookie.ts'
export { type FlowCookie, flowCookies, readFlowCookie, type SealKey, type SealKeys, sealFlow, unsealFlow } from './seal-flow.ts'
export { clearSessionCookie, readSessionCookie, type Session, type SessionCookieOptions, sessionCookie } from './session-cookie.ts'
