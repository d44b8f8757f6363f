// The Worker in Node.js, with a look at its memory: node --expose-gc worker-heap.mjs <environment file>
import { context, openEnv } from '../../playground/worker/hosts/environment.mjs'
import { listen } from '../../playground/worker/hosts/http.mjs'
import worker from '../../playground/worker/worker.js'

const rejections = []
process.on('unhandledRejection', (reason) => rejections.push(String(reason)))

const { origin } = await listen(async (request) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/rejections') return Response.json(rejections)
  if (pathname === '/reject') return Response.json(void Promise.reject(new Error('on purpose')) ?? null)
  if (pathname !== '/heap') return worker.fetch(request, await env, context)
  globalThis.gc()
  return Response.json(process.memoryUsage().heapUsed)
})
const env = openEnv(origin, process.argv[2])
await env
console.log(origin)
