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
  // A path may begin with two slashes, and would name a host when it is read again.
  const again = new URL(path, origin).origin
  return there === origin && again === origin && !username && !password && path.length <= longest ? path : '/'
}
