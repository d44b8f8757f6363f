/** What a provider has sent a window back with. */
export interface Answer {
  state: string
  url: string
}

/** The state of a sign-out that some page of ours waits for begins with this: such an answer holds nothing else. */
export const signedOut = 'signed-out.'

const holds = ['code', 'error', 'access_token', 'id_token']
const gone = [...holds, 'state', 'iss', 'session_state', 'client_info', 'error_description', 'error_uri']

/** What nobody has asked for yet. A page has one address, so this is the page's and not a client's. */
let untaken: Answer | undefined

/** The provider's answer in an address: in its fragment or else in its query. */
function read(url: URL): (Answer & { part: 'hash' | 'search' }) | undefined {
  for (const part of ['hash', 'search'] as const) {
    const parameters = new URLSearchParams(url[part].slice(1))
    const state = parameters.get('state')
    if (state && (state.startsWith(signedOut) || holds.some((name) => parameters.has(name)))) return { state, url: url.href, part }
  }
  return undefined
}

/**
 * The answer that this page was opened with. It leaves the address bar and the history at once, and is handed to whoever knows its state.
 *
 * @param wanted what to take; an answer that is left waits for the next to ask
 */
export function takeAnswer(wanted: (answer: Answer) => boolean = () => true): Answer | undefined {
  const url = new URL(location.href)
  const found = read(url)
  if (found) {
    if (found.part === 'hash') url.hash = ''
    else for (const name of gone) url.searchParams.delete(name)
    history.replaceState(history.state, '', url)
    untaken = found
  }
  const answer = untaken
  if (!answer || !wanted(answer)) return undefined
  untaken = undefined
  return answer
}

const channelOf = (state: string) => new BroadcastChannel(`msal-isomorphic ${state}`)
const taken = 'taken'

/** Hands an answer to the page that waits for it; resolves to whether there is one. */
export async function announce({ state, url }: Answer): Promise<boolean> {
  const channel = channelOf(state)
  const heard = await new Promise<boolean>((resolve) => {
    setTimeout(resolve, 2000, false)
    channel.onmessage = ({ data }) => data === taken && resolve(true)
    channel.postMessage(url)
  })
  channel.close()
  return heard
}

/** Waits for the answer with a state, wherever on this origin it arrives. What else is said on the channel means nothing. */
export function listen(state: string, hear: (url: string) => void): () => void {
  const channel = channelOf(state)
  channel.onmessage = ({ data }) => {
    if (answers(data, state)) {
      channel.postMessage(taken)
      hear(data)
    }
  }
  return () => channel.close()
}

/** Whether something is an address that holds the answer with a state. */
export const answers = (url: unknown, state: string): url is string =>
  typeof url === 'string' && URL.canParse(url) && read(new URL(url))?.state === state
