/** Text from elsewhere, fit for a terminal: without control characters and marks that reorder text. */
export const printable = (text) => String(text).replace(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ')

export function print(text) {
  process.stdout.write(`${text}\n`)
}

const label = (name) => name.padEnd(11)

export const nameOf = ({ name, username }) => printable(name && username ? `${name} (${username})` : username || name || 'somebody')

/** Who signed in, and where the token came from. The token itself is nobody's to read. */
export function printToken({ account, tokenSource, expiresOn, scopes }) {
  const source = tokenSource === 'cache' ? 'from the cache' : 'from the provider'
  const minutes = Math.round((expiresOn - Date.now()) / 60_000)
  print(`${label('Signed in')}${nameOf(account)}, tenant ${printable(account.tenantId)}`)
  print(`${label('Token')}${source}, until ${expiresOn.toLocaleTimeString()} (${minutes} minutes)`)
  print(`${label('Scopes')}${printable(scopes.join(' '))}`)
}

export function printAnswer(url, { status, body }) {
  print(`${label('API')}${status} ${printable(url)}`)
  if (body !== undefined) print(JSON.stringify(body, null, 2).replace(/[\x7f-\x9f\p{Bidi_Control}]+/gu, ' '))
}

export function printAccounts(accounts, active) {
  if (accounts.length === 0) return print('Nobody is signed in.')
  for (const account of accounts) {
    print(`${account.homeAccountId === active?.homeAccountId ? '*' : ' '} ${nameOf(account)}, tenant ${printable(account.tenantId)}`)
  }
}
