export { type ChallengeOptions, challenge } from './challenge.ts'
