const longest = 1000

/**
 * Where to go after a sign-in: a path of this site, or its start page. The text comes from outside. It is read as a browser reads it, and
 * compared by origin afterwards: `//evil.example`, `/\evil.example` and tabs within are all other sites.
 *
 * @param {unknown} wanted
 * @param {string} origin
 * @returns {string} a path, with its query, that begins with a single slash
 */
export function safeReturnTo(wanted, origin) {
  if (typeof wanted !== 'string' || wanted.length > longest || !URL.canParse(wanted, origin)) return '/'
  const { origin: there, username, password, pathname, search } = new URL(wanted, origin)
  const path = pathname + search
  // `/.//evil.example` is of this site, but its path would name a host when it is read again; that of a blob is an address.
  const isPath = /^\/(?!\/)/.test(path) && path.length <= longest
  return there === origin && !username && !password && isPath ? path : '/'
}
