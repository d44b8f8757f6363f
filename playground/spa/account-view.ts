import type { AccountInfo } from 'msal-isomorphic'
import type { Auth } from './auth.ts'
import type { Config, Person } from './config.ts'
import { element, found } from './element.ts'

/** Who is signed in, whom the page works with, and whom one may sign in as. */
export function createAccountView(auth: Auth, { people, tenants }: Config, signInAs: (person: Person) => void) {
  const choices = found('accounts', HTMLFieldSetElement)
  const list = found('account-list', HTMLElement)
  const nobody = found('nobody', HTMLElement)
  const choose = found('choose', HTMLElement)
  let listed: readonly AccountInfo[] | undefined

  list.addEventListener('change', ({ target }) => {
    const chosen = auth.accounts.get().find(({ homeAccountId }) => target instanceof HTMLInputElement && homeAccountId === target.value)
    if (chosen) auth.accounts.active = chosen
  })
  found('people', HTMLElement).append(
    ...people.map((person) => {
      const button = element('button', { type: 'button', class: 'small', 'data-act': true }, 'Sign in')
      button.setAttribute('aria-label', `Sign in as ${person.name}`)
      button.addEventListener('click', () => signInAs(person))
      const password = element('code', {}, person.password)
      const words = element('div', { class: 'who' }, element('strong', {}, person.name), line(person.username), line('Password ', password))
      return element('li', {}, avatar(person.name), words, button)
    }),
  )

  /** The list stays as it is where only the choice has changed: the focus is in it. */
  return function render(): void {
    const all = auth.accounts.get()
    const { active } = auth.accounts
    document.body.dataset.state = active ? 'active' : all.length ? 'choose' : 'nobody'
    nobody.hidden = all.length > 0
    choices.hidden = !all.length
    choose.hidden = !all.length || !!active
    for (const part of document.querySelectorAll<HTMLElement>('[data-needs="account"]')) part.hidden = !active
    for (const part of document.querySelectorAll<HTMLElement>('[data-needs="nobody"]')) part.hidden = !!active
    if (all !== listed) list.replaceChildren(...all.map(choice))
    // Once somebody is there, others are the exception.
    if (!listed || !all.length !== !listed.length) found('people-details', HTMLDetailsElement).open = !all.length
    listed = all
    for (const radio of list.querySelectorAll('input')) radio.checked = radio.value === active?.homeAccountId
  }

  function choice({ homeAccountId, name, username, tenantId }: AccountInfo): HTMLElement {
    const radio = element('input', { type: 'radio', name: 'account', value: homeAccountId })
    const words = element(
      'span',
      { class: 'who' },
      element('strong', {}, name ?? username),
      line(username),
      line(tenants[tenantId] ?? tenantId),
    )
    return element('label', { class: 'account' }, radio, avatar(name ?? username), words)
  }
}

const line = (...content: (Node | string)[]) => element('span', { class: 'line' }, ...content)

const avatar = (name: string) =>
  element(
    'span',
    { class: 'avatar', 'aria-hidden': 'true' },
    name
      .split(' ')
      .map(([initial]) => initial)
      .join(''),
  )
