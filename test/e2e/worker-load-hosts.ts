import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WebSocket } from 'undici'
import { startWorker } from '../../playground/worker/start.mjs'
import { emptyFolder, root } from '../package/support.ts'
import type { Playground } from '../support/provider.ts'
import { bundleWith, environmentOf } from './worker-support.ts'

/** The Worker where one can look inside. `/rejections` lists what nobody handled, and `/reject` leaves one. */
export interface Host {
  origin: string
  /** Bytes of JavaScript objects, once the garbage has been collected. */
  heap(): Promise<number>
}

export type Cleanups = (() => unknown)[]

const wrapped = `
import worker from './worker.js'
const rejections = []
addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)))
export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/rejections') return Response.json(rejections)
    if (pathname === '/reject') return Response.json(void Promise.reject(new Error('on purpose')) ?? null)
    return worker.fetch(request, env, context)
  },
}`

export async function startInWorkerd(playground: Playground, cleanups: Cleanups): Promise<Host> {
  const worker = await startWorker(environmentOf(playground), { contents: await bundleWith(wrapped), inspectorPort: 0 })
  cleanups.push(() => worker.close())
  const inspect = await openInspector(new URL('./core:user:', await worker.workerd.getInspectorURL()))
  cleanups.push(() => inspect.close())
  return {
    origin: worker.url,
    async heap() {
      const sizes = inspect.send('HeapProfiler.collectGarbage').then(() => inspect.send('Runtime.getHeapUsage'))
      // The isolate attends to its inspector when a request wakes it.
      const waking = setInterval(() => fetch(`${worker.url}/rejections`).then((response) => response.text()), 50)
      const { usedSize } = await sizes.finally(() => clearInterval(waking))
      return usedSize as number
    },
  }
}

/** The inspector of an isolate (Chrome DevTools Protocol). */
async function openInspector(url: URL) {
  const socket = new WebSocket(url)
  const waiting = new Map<number, (answer: { result?: Record<string, unknown>; error?: unknown }) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data))
    waiting.get(answer.id)?.(answer)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('The inspector does not answer.')))
  })
  let last = 0
  return {
    async send(method: string): Promise<Record<string, unknown>> {
      const id = ++last
      const { result, error } = await new Promise<{ result?: Record<string, unknown>; error?: unknown }>((resolve) => {
        waiting.set(id, resolve)
        socket.send(JSON.stringify({ id, method, params: {} }))
      })
      waiting.delete(id)
      if (!result) throw new Error(JSON.stringify(error))
      return result
    },
    close: () => socket.close(),
  }
}

export async function startInNode(playground: Playground, cleanups: Cleanups): Promise<Host> {
  const file = join(await emptyFolder((clean) => cleanups.push(clean)), 'environment.json')
  await writeFile(file, JSON.stringify(environmentOf(playground)))
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env } = process.env
  const child = spawn(process.execPath, ['--expose-gc', 'test/e2e/worker-heap.mjs', file], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(async () => {
    child.kill()
    await once(child, 'close')
  })
  const origin = String((await once(child.stdout, 'data'))[0]).trim()
  return { origin, heap: async () => (await (await fetch(`${origin}/heap`)).json()) as number }
}
