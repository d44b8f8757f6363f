/**
 * What each entry point exports, as text that a reviewer can read: `test/package/api/*.api.md`, made by API Extractor from the built types.
 *
 *   npm run api        writes the reports anew, after a change of the public names that is meant
 */
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('../..', import.meta.url))
const temporary = join(root, '.tools', 'api')
export const reports = fileURLToPath(new URL('api', import.meta.url))

/** Makes one entry's report. Resolves to what is wrong: nothing, or why the report and the built types differ. */
export async function apiReport(types, { write }) {
  await mkdir(temporary, { recursive: true })
  const problems = []
  const none = { default: { logLevel: ExtractorLogLevel.None } }
  const entry = join(root, types)
  const lib = ['ES2022', 'ESNext.Disposable', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable']
  const configObject = {
    projectFolder: root,
    mainEntryPointFilePath: entry,
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          target: 'ES2022',
          module: 'ESNext',
          moduleResolution: 'Bundler',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
          lib,
        },
        files: [entry],
      },
    },
    apiReport: {
      enabled: true,
      reportFileName: basename(types, '.d.ts'),
      reportFolder: reports,
      reportTempFolder: temporary,
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      extractorMessageReporting: none,
      tsdocMessageReporting: none,
    },
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: join(root, 'api.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  const messageCallback = (message) => {
    message.handled = true
    if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text)
  }
  const result = Extractor.invoke(config, { localBuild: write, messageCallback })
  if (!write && result.apiReportChanged) problems.push(`${types} has changed: look at it, then npm run api`)
  return problems
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } })
  await rm(reports, { recursive: true, force: true })
  await mkdir(reports)
  for (const { types } of Object.values(packageJson.exports)) {
    if (types) for (const problem of await apiReport(types, { write: true })) console.error(problem)
  }
}
