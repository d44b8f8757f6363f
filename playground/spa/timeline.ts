import { element, found } from './element.ts'
import type { Ended, Request } from './recorder.ts'

type Entry = Request & Partial<Ended>

/** Something that the page did, and the requests that it took. */
interface Action {
  title: string
  /** ms since 1970 */
  at: number
  requests: Entry[]
  ms?: number
  outcome?: string
  failed?: boolean
}

export interface Running {
  end(outcome: string, failed?: boolean): void
}

/** Actions beyond this are forgotten. */
const capacity = 40
/** In `sessionStorage`: what happened before the page was left for the provider. */
const key = 'timeline'

/** Shows what happens: the latest action first, its requests in order. Screen readers hear of each request as it ends. */
export function createTimeline() {
  const list = found('timeline', HTMLOListElement)
  const empty = found('timeline-empty', HTMLElement)
  const log = found('log', HTMLElement)
  // So that the arrow keys can scroll it.
  found('timeline-scroll', HTMLElement).tabIndex = 0
  const shown = new Map<Action, HTMLElement>()
  const running: Action[] = []
  let actions: Action[] = restored()
  for (const action of [...actions].reverse()) show(action)
  addEventListener('pagehide', () => sessionStorage.setItem(key, JSON.stringify(actions)))
  found('clear', HTMLButtonElement).addEventListener('click', () => {
    actions = []
    shown.clear()
    list.replaceChildren()
    empty.hidden = false
  })

  function show(action: Action): void {
    const before = shown.get(action)
    const item = itemOf(action)
    shown.set(action, item)
    empty.hidden = true
    if (before) before.replaceWith(item)
    else list.prepend(item)
    for (const old of actions.splice(capacity)) {
      shown.get(old)?.remove()
      shown.delete(old)
    }
  }

  /** An action that has been cleared away stays away. */
  const update = (action: Action) => actions.includes(action) && show(action)

  function say(text: string): void {
    log.append(element('p', {}, text))
    while (log.childElementCount > 20) log.firstElementChild?.remove()
  }

  function add(title: string): Action {
    const action: Action = { title, at: Date.now(), requests: [] }
    actions.unshift(action)
    show(action)
    return action
  }

  return {
    /** Begins an action: the requests until its end are its own. */
    begin(title: string): Running {
      const action = add(title)
      const start = performance.now()
      running.unshift(action)
      return {
        end(outcome, failed = false) {
          running.splice(running.indexOf(action), 1)
          Object.assign(action, { ms: Math.round(performance.now() - start), outcome, failed })
          update(action)
        },
      }
    },

    request(request: Request): (ended: Ended) => void {
      const entry: Entry = { ...request }
      // A renewal behind the answer belongs to no action of the person's.
      const action = running[0] ?? Object.assign(add('In the background'), { outcome: '' })
      action.requests.push(entry)
      update(action)
      return (ended) => {
        Object.assign(entry, ended)
        update(action)
        say(`${entry.purpose}: ${entry.method} ${entry.host}, ${ended.status ?? 'no answer'}, ${ended.ms} milliseconds`)
      }
    },
  }
}

export type Timeline = ReturnType<typeof createTimeline>

/** The last visit of this tab; one that was left for the provider has no end. */
function restored(): Action[] {
  const kept: Action[] = JSON.parse(sessionStorage.getItem(key) ?? '[]')
  return kept.map((action) => ({ ...action, outcome: action.outcome ?? 'The page was left.' }))
}

function itemOf({ title, at, requests, ms, outcome, failed }: Action): HTMLElement {
  const time = element('time', { datetime: new Date(at).toISOString() }, new Date(at).toLocaleTimeString())
  const head = element('div', { class: 'action' }, element('h3', {}, title), time)
  const state = outcome === undefined ? 'waiting' : failed ? 'failed' : 'done'
  const parts: Node[] = [head]
  if (outcome !== '')
    parts.push(element('p', { class: `outcome ${state}` }, outcome ?? 'Under way …', ...(ms === undefined ? [] : [msOf(ms)])))
  if (requests.length) parts.push(element('ul', { class: 'requests' }, ...requests.map(rowOf)))
  else if (outcome) parts.push(element('p', { class: 'quiet' }, 'No request went out.'))
  return element('li', {}, ...parts)
}

function rowOf({ method, host, path, purpose, grantType, status, ms }: Entry): HTMLElement {
  const pending = ms === undefined
  const kind = pending ? 'waiting' : status && status < 400 ? 'good' : 'bad'
  const detail = element('code', { class: 'where' }, `${host}${path}`)
  return element(
    'li',
    { class: 'request' },
    element('span', { class: 'method' }, method),
    element('span', { class: 'purpose' }, purpose),
    element('span', { class: `status ${kind}` }, pending ? '…' : status ? `${status}` : 'no answer'),
    pending ? '' : msOf(ms),
    element('span', { class: 'detail' }, detail, ...(grantType ? [' ', element('code', { class: 'grant' }, grantType)] : [])),
  )
}

const msOf = (ms: number) => element('span', { class: 'ms' }, ms < 10_000 ? `${ms.toLocaleString()} ms` : `${Math.round(ms / 1000)} s`)
