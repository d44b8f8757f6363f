/** The few names of jose in use: reached through here, the rest of it is left out of a bundle. */
export { compactVerify, createLocalJWKSet } from 'jose'
