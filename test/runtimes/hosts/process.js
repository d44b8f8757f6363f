// Node.js, Deno and Bun run this file as it is: the only argument is the helper's URL.
import { runSuite } from '../suite/index.js'

const { Deno, Bun, process } = globalThis
const rejections = []
if (Deno) {
  addEventListener('unhandledrejection', (event) => {
    event.preventDefault()
    rejections.push(String(event.reason))
  })
} else process.on('unhandledRejection', (reason) => rejections.push(String(reason)))

const [helperUrl] = Deno?.args ?? process.argv.slice(2)
const version = Deno?.version.deno ?? Bun?.version ?? process.versions.node
console.log(JSON.stringify({ version, ...(await runSuite(helperUrl, rejections)) }))
