import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'

/** Ends the life of every access token in a cache file of the schema that the MSALs share. */
export async function expireTokens(file: string): Promise<void> {
  const cache = JSON.parse(await readFile(file, 'utf8'))
  const tokens: Record<string, string>[] = Object.values(cache.AccessToken)
  expect(tokens).not.toHaveLength(0)
  const past = String(Math.floor(Date.now() / 1000) - 10)
  for (const token of tokens) Object.assign(token, { expires_on: past, extended_expires_on: past })
  await writeFile(file, JSON.stringify(cache))
}
