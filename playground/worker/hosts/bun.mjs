// The Worker in Bun: bun playground/worker/hosts/bun.mjs [environment file]
import worker from '../worker.js'
import { context, openEnv } from './environment.mjs'

/** @param {Request} request */
const answer = async (request) => worker.fetch(request, await env, context)
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
const env = openEnv(`http://localhost:${server.port}`, process.argv[2])
console.log((await env).ORIGIN)
