// The Worker in Node.js: node playground/worker/hosts/node.mjs [environment file]
import worker from '../worker.js'
import { context, openEnv } from './environment.mjs'
import { listen } from './http.mjs'

const { origin } = await listen(async (request) => worker.fetch(request, await env, context))
const env = openEnv(origin, process.argv[2])
await env
console.log(origin)
