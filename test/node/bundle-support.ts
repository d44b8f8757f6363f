import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles `src/node/{name}.ts` into a folder, for a process of its own. Resolves to the path of the result. */
export async function bundle(name: string, folder: string): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL(`../../src/node/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    // Without splitting, esbuild turns modules that are also loaded lazily into functions, and forgets to call those behind a re-export.
    splitting: true,
    external: ['node:*', 'undici'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  })
  return join(folder, `${name}.mjs`)
}
