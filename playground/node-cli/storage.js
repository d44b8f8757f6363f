import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from './errors.js'

/**
 * A folder of small files that only this user can read. A file is written beside the old one and renamed, so that it is never half
 * there. Of two programs that write at the same time, the last one wins.
 */
export function createStorage(folder) {
  return {
    /** The file's text; empty where there is none. */
    async read(name) {
      try {
        return await readFile(join(folder, name), 'utf8')
      } catch (error) {
        if (error.code === 'ENOENT') return ''
        throw failure('read', join(folder, name), error)
      }
    },

    async write(name, text) {
      const file = join(folder, name)
      const beside = `${file}.${process.pid}.new`
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
        await rename(beside, file)
      } catch (error) {
        await rm(beside, { force: true }).catch(() => {})
        throw failure('written', file, error)
      }
    },
  }
}

const failure = (verb, file, { code }) => new CliError(`The file ${file} cannot be ${verb} (${code}).`)
