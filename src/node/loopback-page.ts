import type { ServerResponse } from 'node:http'
import { printable } from '../core/util/printable.ts'
import type { Refusal } from './loopback-answer.ts'

/** What a person sees when the provider has answered. */
export interface Pages {
  successTemplate?: string | undefined
  errorTemplate?: string | undefined
}

const style =
  ':root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{margin:0;min-height:100vh;display:grid;place-content:center;text-align:center;padding:1rem}h1{font-size:1.5rem;font-weight:600;margin:0 0 .5rem}p{margin:0;opacity:.75}'
/** Of the style above; the policy lets nothing else in. */
const styleHash = 'sha256-kgB1j/i8om/hjU6SNDLyHTTnALDMQyUCeLVcZCBQbDs='

const page = (title: string, text: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>`
const successPage = page('Sign-in received', 'You can close this page and return to the application.')
const errorPage = page('Sign-in was not completed', 'You can close this page and return to the application, which knows more.')

const policy = (styles: string) => `default-src 'none'; ${styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
const defaultPolicy = policy(`style-src '${styleHash}'`)
/** A template is its author's: it may bring its style and images along, but nothing runs and nothing is fetched. */
const templatePolicy = policy("style-src 'unsafe-inline'; img-src data:")

/** Shows the page for the provider's answer. */
export function answer(response: ServerResponse, parameters: URLSearchParams, { successTemplate, errorTemplate }: Pages): void {
  const failed = parameters.has('error')
  const template = failed ? errorTemplate : successTemplate
  if (template === undefined) send(response, 200, 'text/html', defaultPolicy, failed ? errorPage : successPage)
  else send(response, 200, 'text/html', templatePolicy, render(template, parameters))
}

/** Turns away what is not the provider's answer. */
export function refuse(response: ServerResponse, status: Refusal): void {
  send(response, status, 'text/plain', "default-src 'none'", 'There is no sign-in here.\n')
}

function send(response: ServerResponse, status: number, type: string, contentSecurityPolicy: string, body: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': new TextEncoder().encode(body).length,
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(body)
}

/** Fills `$error`, `$error_description` and `$error_uri` (or `${error}`); `$$` is a dollar sign and other names stay as they are. */
function render(template: string, parameters: URLSearchParams): string {
  return template.replace(
    /\$(?:(\$)|([a-z_]\w*)|\{([a-z_]\w*)\})/gi,
    (whole, dollar: string | undefined, plain?: string, braced?: string) => {
      if (dollar) return dollar
      const name = plain ?? braced
      if (name === 'error' || name === 'error_description') return escapeHtml(parameters.get(name) ?? '')
      if (name === 'error_uri') return escapeHtml(link(parameters.get(name) ?? ''))
      return whole
    },
  )
}

/** Only what leads to a web page: a `javascript:` URL survives HTML escaping. */
function link(value: string): string {
  return /^https?:\/\//i.test(value) ? value : ''
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' }

/** Text from elsewhere: without what a page would act on, at most 512 characters, never markup. */
function escapeHtml(value: string): string {
  const text = printable(value).slice(0, 512)
  return text.replace(/[&<>"'`]/g, (character) => entities[character] ?? '')
}
