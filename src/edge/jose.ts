/** The few names of jose that sealing takes: reached through here, the rest of it is left out of a bundle. */
export { CompactEncrypt, compactDecrypt } from 'jose'
