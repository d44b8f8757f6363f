import { PublicClientApplication, TokenCache } from 'msal-isomorphic'

/** Shows the sign-in page in a window of the browser. */
export const webAuthFlow = {
  responseModes: ['fragment'],
  begin: () => ({
    redirectUri: chrome.identity.getRedirectURL(),
    authorize: ({ url }) => chrome.identity.launchWebAuthFlow({ url, interactive: true }),
    close() {},
  }),
}

/** Keeps tokens in memory that outlives the service worker, until the browser is closed. */
export const sessionStore = {
  read: async (partition) => (await chrome.storage.session.get(partition))[partition] ?? null,
  async write(partition, value, options) {
    const present = await sessionStore.read(partition)
    if (options.version !== undefined && options.version !== (present?.version ?? null)) return 'conflict'
    const version = crypto.randomUUID()
    await chrome.storage.session.set({ [partition]: { value, version } })
    return version
  },
  remove: (partition) => chrome.storage.session.remove(partition),
  async *list() {
    yield* Object.keys(await chrome.storage.session.get())
  },
  lock: (partition, task, signal) => navigator.locks.request(partition, { signal }, task),
}

export const createApp = (options) =>
  new PublicClientApplication({ ...options, interaction: webAuthFlow, tokenCache: new TokenCache({ store: sessionStore }) })
