/** Pages in a real Chromium, whose files come from memory. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const executablePath = '/usr/bin/chromium'
const args = '--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
  ' ',
)
/** Nobody else is in reach. (To intercept requests would switch the browser's cache off.) */
const alone = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost'
export const hasChromium = existsSync(executablePath)

/** Isolated pages have a clock of 5 µs instead of 100. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'max-age=3600',
}

/**
 * @param files scripts by path; every other path is an empty page
 * @returns `open()` gives an empty page in a profile of its own; `served` has the paths that were asked for, `strangers` the requests to anybody else
 */
export async function startBrowser(files) {
  const served = []
  const strangers = []
  const server = createServer(({ url }, response) => {
    const script = files.get(url)
    served.push(url)
    response
      .writeHead(200, { ...headers, 'content-type': script ? 'text/javascript' : 'text/html' })
      .end(script ?? '<!doctype html><link rel="icon" href="data:,"><body>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://localhost:${server.address().port}`
  const browser = await chromium.launch({ executablePath, args: [...args, alone] })
  return {
    origin,
    served,
    strangers,
    version: browser.version(),
    async open() {
      const context = await browser.newContext()
      context.on('request', (request) => request.url().startsWith(origin) || strangers.push(request.url()))
      const page = await context.newPage()
      await page.goto(`${origin}/`)
      return page
    },
    async close() {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
