/** Reads what a run has noted down so far, keeps it in results.json, and prints it. */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))
const resultsFile = fileURLToPath(new URL('results.json', import.meta.url))

/** Merges the events of a run, ended or broken off, into results.json; gives all results by path. */
export async function keepResults(events) {
  const results = await readFile(resultsFile, 'utf8').then(JSON.parse, () => ({}))
  for (const [path, result] of Object.entries(await resultsOf(events))) results[path] = result
  for (const path of Object.keys(results)) if (!existsSync(join(root, path))) delete results[path]
  const sorted = Object.fromEntries(Object.entries(results).sort(([one], [other]) => (one < other ? -1 : 1)))
  await writeFile(resultsFile, `${JSON.stringify(sorted, null, 2)}\n`)
  return sorted
}

export function printResults(folder, results) {
  const ofFolder = Object.entries(results).filter(([path]) => path.startsWith(`${folder}/`))
  for (const [path, result] of ofFolder) {
    console.log(`${score(result)}  ${path}: ${counts(result)}`)
    for (const survivor of result.survivors) console.log(`          ${survivor}`)
  }
  const sum = (key) => ofFolder.reduce((total, [, result]) => total + result[key], 0)
  const all = { killed: sum('killed'), survived: sum('survived'), untried: sum('untried'), static: sum('static') }
  console.log(`${score(all)}  ${folder}: ${counts(all)}`)
}

const score = ({ killed, survived }) => (killed + survived ? `${((100 * killed) / (killed + survived)).toFixed(1)} %` : '–').padStart(7)

const counts = ({ killed, survived, untried, static: atImport }) =>
  [`${killed} of ${killed + survived}`, untried && `${untried} not tried`, atImport && `${atImport} static`].filter(Boolean).join(', ')

async function resultsOf(events) {
  const names = (await readdir(events)).sort()
  const read = async (kind) =>
    Promise.all(
      names.filter((name) => name.endsWith(`-${kind}.json`)).map(async (name) => JSON.parse(await readFile(join(events, name), 'utf8'))),
    )
  const [plan] = await read('onMutationTestingPlanReady')
  const tested = new Map((await read('onMutantTested')).map((mutant) => [mutant.id, mutant]))
  const results = {}
  for (const { mutant } of plan?.mutantPlans ?? []) {
    const path = relative(root, mutant.fileName).replaceAll('\\', '/')
    results[path] ??= { date: new Date().toISOString().slice(0, 10), killed: 0, survived: 0, untried: 0, static: 0, survivors: [] }
    const result = results[path]
    const { status, statusReason } = tested.get(mutant.id) ?? {}
    // What runs at import only meets the test that loads it: its outcome means nothing.
    if (status === 'Ignored' || (await runsAtImport(mutant))) result.static += 1
    else if (status === 'Killed' || status === 'Timeout') result.killed += 1
    else if (status === 'Survived' || status === 'NoCoverage') {
      result.survived += 1
      result.survivors.push(await shown(mutant, status))
    } else {
      result.untried += 1
      if (status) console.error(`${path}: ${status}: ${statusReason}`)
    }
  }
  return results
}

const parsed = new Map()

/** Whether the changed place lies in no function: the tests of a folder load a file once. */
async function runsAtImport({ fileName, location: { start } }) {
  if (!parsed.has(fileName))
    parsed.set(fileName, ts.createSourceFile(fileName, await readFile(fileName, 'utf8'), ts.ScriptTarget.Latest, true))
  const file = parsed.get(fileName)
  const place = file.getPositionOfLineAndCharacter(start.line, start.column)
  const holds = (node) => node && node.getStart() <= place && place < node.end
  const isWithin = (node) => holds(node.body) || (ts.isPropertyDeclaration(node) && holds(node.initializer))
  const search = (node) => holds(node) && (isWithin(node) || !!ts.forEachChild(node, search))
  return !ts.forEachChild(file, search)
}

/** `12:7 code -> what replaced it`, each cut short. */
async function shown({ fileName, location: { start, end }, replacement }, status) {
  const lines = (await readFile(fileName, 'utf8')).split('\n').slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column)
  lines[0] = lines[0].slice(start.column)
  const short = (text) => {
    const line = text.replace(/\s+/g, ' ')
    return line.length > 70 ? `${line.slice(0, 67)}...` : line
  }
  const place = `${start.line + 1}:${start.column + 1}`
  return `${place} ${short(lines.join('\n'))} -> ${short(replacement)}${status === 'NoCoverage' ? ' (no test comes here)' : ''}`
}
