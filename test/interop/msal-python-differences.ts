/** One value that MSAL Python and this library send differently: `null` is "not at all". */
export interface Difference {
  name: string
  /** Last segment of the path, where it is not all of them. */
  step?: RegExp
  python: RegExp | null
  ours: RegExp | null
  reason: string
}

const any = /^/

/** All of them. The test fails for one that is not here, and for one here that is none. */
export const differences: readonly Difference[] = [
  // What the HTTP clients add
  { name: 'header host', python: any, ours: any, reason: 'Each library has a recorder of its own.' },
  {
    name: 'header content-length',
    python: any,
    ours: any,
    reason: 'It follows from the other differences, and from the spaces in the JSON of `claims`.',
  },
  { name: 'header user-agent', python: /^python-requests\//, ours: /^node$/, reason: 'The HTTP client names itself.' },
  { name: 'header accept-language', python: null, ours: /^\*$/, reason: 'The Fetch standard wants it.' },
  { name: 'header sec-fetch-mode', python: null, ours: /^cors$/, reason: 'The Fetch standard wants it.' },
  {
    name: 'header cache-control',
    python: null,
    ours: /^no-cache$/,
    reason: 'Tokens belong in no HTTP cache: `fetch` is called with `cache: no-store`.',
  },
  { name: 'header pragma', python: null, ours: /^no-cache$/, reason: 'Goes with cache-control.' },
  {
    name: 'header content-type',
    python: /^application\/x-www-form-urlencoded$/,
    ours: /^application\/x-www-form-urlencoded;charset=UTF-8$/,
    reason: '`fetch` names the encoding of a form.',
  },
  {
    name: 'request',
    step: /@/,
    python: /\/userrealm\/[a-z]+@[a-z.]+$/,
    ours: /\/userrealm\/[a-z]+%40[a-z.]+$/,
    reason: 'The same path: a user name is data, so every reserved character in it is escaped.',
  },
  // Who the client is
  { name: 'header x-client-sku', python: /^MSAL\.Python$/, ours: /^msal-isomorphic$/, reason: 'The library names itself.' },
  { name: 'header x-client-ver', python: /^1\./, ours: /^\d+\.\d+\.\d+/, reason: 'The version of the library.' },
  {
    name: 'header x-client-cpu',
    python: /./,
    ours: null,
    reason: 'Says something about the machine that no runtime but Node knows, and nothing needs it.',
  },
  // What is asked for
  {
    name: 'form claims',
    step: /^token$/,
    python: null,
    ours: /^\{"access_token":\{"xms_cc":\{"values":\["CP1"\]\}\}\}$/,
    reason:
      'MSAL Python forgets the capabilities when a refresh token from elsewhere is redeemed; the token would not allow claims challenges.',
  },
  {
    name: 'header accept',
    step: /^devicecode$/,
    python: /^\*\/\*$/,
    ours: /^application\/json$/,
    reason: 'The answer is JSON here as everywhere.',
  },
  // Telemetry
  {
    name: 'header x-client-current-telemetry',
    step: /^devicecode$/,
    python: null,
    ours: /^4\|622,0\|$/,
    reason: 'The request for a device code is told like all others.',
  },
  {
    name: 'header x-client-last-telemetry',
    step: /^devicecode$/,
    python: null,
    ours: /^4\|0\|\|\|$/,
    reason: 'Goes with the current telemetry.',
  },
  {
    name: 'header x-client-last-telemetry',
    step: /^token$/,
    python: /^4\|0\|\|\|$/,
    ours: /^4\|0\|622,[\da-f-]{36}\|authorization_pending\|$/,
    reason: 'Every answer counts, that of a poll too; MSAL Python counts a device code flow once, at its end.',
  },
  {
    name: 'header x-client-current-telemetry',
    step: /^token$/,
    python: /^4\|(523|730),0\|$/,
    ours: /^4\|(523|730),[12]\|$/,
    reason: 'These two look into the cache first here, and tell why that was not enough: a claims challenge (1) or no token (2).',
  },
  // Client assertions
  { name: 'assertionHeader x5t', python: /=$/, ours: /[^=]$/, reason: 'Base64url in a JWS has no padding (RFC 7515 section 2).' },
  {
    name: 'assertionHeader x5c',
    python: /\\n/,
    ours: /^\["[A-Za-z\d+/=]+"\]$/,
    reason: 'Base64 in `x5c` has no line breaks (RFC 7515 section 4.1.6).',
  },
]
