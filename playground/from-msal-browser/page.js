// What both versions of the page show. It knows no library.
const elements = Object.fromEntries([...document.querySelectorAll('[id]')].map((element) => [element.id, element]))

export const readConfig = async () => (await fetch('/config.json')).json()

/** Shows the page, and returns what shows it again once the account has changed. */
export function showPage({ api, account, token, ...actions }) {
  const render = () => {
    elements.who.textContent = account()?.name ?? 'nobody'
  }

  async function callApi() {
    const accessToken = await token()
    if (!accessToken) return 'Sign in first.'
    const response = await fetch(api, { headers: { authorization: `Bearer ${accessToken}` } })
    return JSON.stringify(await response.json(), null, 2)
  }

  /** Begins in the click itself: a popup has to open there. */
  function run(action) {
    elements.answer.textContent = '…'
    action().then(
      (text) => {
        elements.answer.textContent = typeof text === 'string' ? text : 'Done.'
        render()
      },
      // Both libraries have a code; neither message holds a secret.
      (error) => {
        elements.answer.textContent = `Error ${error.errorCode ?? error.code}: ${error.message}`
      },
    )
  }

  for (const [id, action] of Object.entries({ ...actions, callApi })) elements[id].onclick = () => run(action)
  render()
  elements.answer.textContent = 'Ready.'
  return render
}
