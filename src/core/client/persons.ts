/** {@link Person}, as a confidential client loads it: with all that a person's tokens take. */
export { accountOf, accountsOf, acquireIfAllowed, acquireSilently, checkExtraParameters, checkSignIn } from './person.ts'
