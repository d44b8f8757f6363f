import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { fileSystem } from '../../src/node/file-system.ts'

export const system = await fileSystem('test')

let folder: string
export function inLockFolder(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-lock-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
}
export const newPath = () => join(folder, crypto.randomUUID(), 'cache.json')

export const holderIn = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
export const filesBeside = (path: string) => readdir(dirname(path))
export const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** A lock's file as its holder left it. */
export async function leave(content: object | string): Promise<string> {
  const path = newPath()
  await mkdir(dirname(path))
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** The number of a process that has ended. */
export const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid
