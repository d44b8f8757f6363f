/** Names the entries of sign-ins that have left the page, each with its state. */
export const prefix = 'msal-isomorphic.flow.'

/** The keys of this tab's entries; none where the browser refuses its storage. */
export function keptKeys(): string[] {
  try {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix))
  } catch {
    return []
  }
}
