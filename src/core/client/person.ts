/** What calls for a person begin with: a public client has it at hand, a confidential one loads it for its first person. */
export { accountOf, accountsOf } from './accounts.ts'
export { checkSignIn } from './check-sign-in.ts'
export { checkExtraParameters } from './extra-parameters.ts'
export { acquireIfAllowed, acquireSilently } from './silent.ts'
