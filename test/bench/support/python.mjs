/** MSAL Python as a subject: it reads its cache from a file. */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { authority, clientId, realistic, scopes, small, userCache } from './fixtures.mjs'

const module = new URL('../subjects/msal-python.py', import.meta.url).href
const folder = fileURLToPath(new URL('../../../.tools/bench/', import.meta.url))

export async function msalPython(count, operations) {
  await mkdir(folder, { recursive: true })
  const python = `${folder}users-${count}.json`
  await writeFile(python, userCache(count, { sizes: count > 10_000 ? small : realistic }))
  return { module, name: 'msalPython', python, parameters: { count, clientId, authority, scopes, operations } }
}
