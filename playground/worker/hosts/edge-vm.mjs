// The Worker in Vercel's edge VM, behind a server of Node.js: node playground/worker/hosts/edge-vm.mjs [environment file]
import { EdgeVM } from '@edge-runtime/vm'
import { bundle } from './bundle.mjs'
import { context, openEnv } from './environment.mjs'
import { listen } from './http.mjs'

const vm = new EdgeVM({ initialCode: await bundle({ format: 'iife', globalName: 'worker', conditions: ['edge-light'] }) })
const worker = vm.evaluate('worker.default')
const { origin } = await listen(async (request) => worker.fetch(request, await env, context), { Request: vm.context.Request })
const env = openEnv(origin, process.argv[2])
await env
console.log(origin)
