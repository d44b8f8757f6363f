import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { onTestFinished } from 'vitest'
import { type LoopbackOptions, loopback } from '../../src/node/loopback.ts'

export const state = 'state-of-this-sign-in'
/** A good answer. */
export const good = `code=the-code&state=${state}`

/** A sign-in under way: `opened` is the URL that the browser was given. */
export async function signIn({ port, ...options }: LoopbackOptions & { port?: number } = {}) {
  const controller = new AbortController()
  const opened = withResolvers<string>()
  const interaction = loopback({ openBrowser: (url) => opened.resolve(url), ...options })
  const session = interaction.begin({ signal: controller.signal, ...(port !== undefined && { port }) })
  onTestFinished(() => session.close())
  const redirectUri = await session.redirectUri
  const answer = session.authorize({
    url: 'https://login.example/authorize?client_id=1',
    flow: { authUri: '', state, expiresAt: 0 },
    signal: controller.signal,
  }) as Promise<URLSearchParams>
  answer.catch(() => {})
  if (options.openBrowser === undefined) await opened.promise
  return { session, controller, redirectUri, port: Number(new URL(redirectUri).port), answer, opened: opened.promise }
}

function withResolvers<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

export interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** One HTTP exchange with 127.0.0.1. */
export function send(
  port: number,
  target: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: target, method, agent: false, headers: { host: `localhost:${port}`, ...headers } },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk) => {
          text += chunk
        })
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }))
        incoming.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Posts a form, as `response_mode=form_post` has it. */
export function post(port: number, form: string | Buffer, type = 'application/x-www-form-urlencoded'): Promise<Reply> {
  return send(port, '/', { method: 'POST', headers: { 'content-type': type }, body: form })
}

/** An open connection that has sent `text`. */
export function dial(port: number, text = '', host = '127.0.0.1'): Promise<Socket & { ended: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    const ended = new Promise<void>((done) => socket.once('close', () => done()))
    socket.on('error', reject)
    socket.on('data', () => {})
    socket.once('connect', () => {
      if (text !== '') socket.write(text)
      resolve(Object.assign(socket, { ended }))
    })
    onTestFinished(() => void socket.destroy())
  })
}

/** Whether the promise is still pending after everything that is ready has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const turn = new Promise((resolve) => setTimeout(resolve, 20, pending))
  return (await Promise.race([promise, turn])) === pending
}

/** An answer's parameters as a record. */
export async function entries(answer: Promise<URLSearchParams>): Promise<Record<string, string>> {
  return Object.fromEntries(await answer)
}

/** Whether this machine has ::1. */
export function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
}
