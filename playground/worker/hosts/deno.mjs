// The Worker in Deno: deno run --allow-net=localhost,127.0.0.1 --allow-read playground/worker/hosts/deno.mjs [environment file]
import worker from '../worker.js'
import { context, openEnv } from './environment.mjs'

/** @param {Request} request */
const answer = async (request) => worker.fetch(request, await env, context)
const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, answer)
const env = openEnv(`http://localhost:${server.addr.port}`, Deno.args[0])
console.log((await env).ORIGIN)
