import type { Answer, Ask } from './api.ts'
import { element, found } from './element.ts'

type NeedsSignIn = Extract<Answer, { needsSignIn: true }>
type Answered = Exclude<Answer, NeedsSignIn>

/** The API's answer, or what it wants before it answers. */
export function createApiView(ask: (ask: Ask, title: string) => void, signInFor: (ask: Ask, needed: NeedsSignIn) => void) {
  const view = found('answer', HTMLElement)
  const callout = found('challenge', HTMLElement)
  const note = found('note', HTMLInputElement)

  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-path]'))
    button.addEventListener('click', () => ask({ path: button.dataset.path ?? '' }, button.textContent ?? ''))
  found('note-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    ask({ path: '/notes', text: note.value }, 'Add a note')
  })

  function clear(): void {
    view.replaceChildren()
    callout.hidden = true
  }

  return {
    clear,

    show(asked: Ask, answer: Answer): void {
      clear()
      if ('needsSignIn' in answer) challenge(asked, answer)
      else result(asked, answer)
    },
  }

  function result({ text }: Ask, { status, body }: Answered): void {
    if (text !== undefined && status < 300) note.value = ''
    view.append(element('p', { class: `status ${status < 400 ? 'good' : 'bad'}` }, `${status}`), content(body))
  }

  function challenge(asked: Ask, needed: NeedsSignIn): void {
    const button = element('button', { type: 'button', class: 'primary', 'data-act': true }, 'Sign in again')
    button.addEventListener('click', () => signInFor(asked, needed))
    const { claimsChallenge } = needed
    callout.replaceChildren(
      element('h3', {}, claimsChallenge ? 'The API wants a stronger sign-in' : 'The sign-in has ended'),
      ...(claimsChallenge ? [element('p', {}, 'It asks for ', element('code', {}, claimsChallenge))] : []),
      button,
    )
    callout.hidden = false
    button.focus()
  }
}

/** A list for notes, pairs for the rest. */
function content(body: unknown): HTMLElement {
  const { notes, ...rest } = (body ?? {}) as Record<string, unknown>
  const pairs = Object.entries(rest).flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, `${value}`)])
  const shown = element('div', {}, ...(pairs.length ? [element('dl', { class: 'facts' }, ...pairs)] : []))
  if (Array.isArray(notes)) shown.prepend(element('ul', { class: 'notes' }, ...notes.map((text) => element('li', {}, `${text}`))))
  return shown
}
