/** What a provider has sent a window back with. */
export interface Answer {
  state: string
  url: string
}

/** The state of a sign-out that some page of ours waits for begins with this: such an answer holds nothing else. */
export const signedOut = 'signed-out.'

/** What an answer holds besides its state. */
const holds = ['code', 'error', 'access_token', 'id_token']

/** What nobody has taken yet. A page has one address, so this is the page's and not a client's. */
let untaken: Answer | undefined

/** The provider's answer in an address: in its fragment or else in its query. */
export function read(url: URL): (Answer & { part: 'hash' | 'search' }) | undefined {
  for (const part of ['hash', 'search'] as const) {
    const parameters = new URLSearchParams(url[part].slice(1))
    const state = parameters.get('state')
    if (state && (state.startsWith(signedOut) || holds.some((name) => parameters.has(name)))) return { state, url: url.href, part }
  }
  return undefined
}

/** The answer that this page was opened with, until somebody drops it. It leaves the address bar and the history at once. */
export function captureAnswer(): Answer | undefined {
  const url = new URL(location.href)
  const found = read(url)
  if (found) {
    url[found.part] = ''
    history.replaceState(history.state, '', url)
    untaken = found
  }
  return untaken
}

export function dropAnswer(): void {
  untaken = undefined
}

export const channelOf = (state: string) => new BroadcastChannel(`msal-isomorphic ${state}`)
export const taken = 'taken'

/** Hands an answer to the page that waits for it; resolves to whether there is one. */
export async function announce({ state, url }: Answer): Promise<boolean> {
  const channel = channelOf(state)
  const heard = await new Promise<boolean>((resolve) => {
    setTimeout(resolve, 1000, false)
    channel.onmessage = ({ data }) => data === taken && resolve(true)
    channel.postMessage(url)
  })
  channel.close()
  return heard
}
