// `node playground/from-msal-browser before settings.json` serves the page with MSAL Browser, `after` with msal-isomorphic.
import { readFile } from 'node:fs/promises'
import { startSite } from './site.mjs'

const [, , version = '', file = ''] = process.argv
if (!['before', 'after'].includes(version) || !file) {
  process.stderr.write('Usage: node playground/from-msal-browser before|after settings.json\n')
  process.exit(2)
}
const { port, ...config } = JSON.parse(await readFile(file, 'utf8'))
const { url } = await startSite({ version, config, port })
process.stdout.write(`${url}\n`)
