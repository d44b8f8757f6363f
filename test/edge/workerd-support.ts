import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare, type WorkerOptions } from 'miniflare'

/** A Worker of `test/edge/workers`, bundled as Cloudflare's tools bundle one, for a runtime without Node's modules. */
export async function bundleWorker(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`workers/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['module', 'main'],
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]!.text
}

/** Options for a Worker with that text. */
export const workerOf = (name: string, contents: string, options: Partial<WorkerOptions>): WorkerOptions =>
  ({ name, modules: [{ type: 'ESModule', path: `${name}.mjs`, contents }], compatibilityDate: '2026-04-01', ...options }) as WorkerOptions

/** Starts workerd. Every Worker is an isolate of its own. */
export async function startWorkerd(...workers: WorkerOptions[]): Promise<Miniflare> {
  const workerd = new Miniflare({ cf: false, workers })
  await workerd.ready
  return workerd
}
