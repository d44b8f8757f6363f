// Evaluates a bundle in Vercel's edge VM: node edge-vm.mjs <bundle> <the helper's URL>
import { readFile } from 'node:fs/promises'
import { EdgeVM } from '@edge-runtime/vm'

const [bundle, helperUrl] = process.argv.slice(2)
const vm = new EdgeVM({ initialCode: await readFile(bundle, 'utf8') })
console.log(await vm.evaluate(`runSuite(${JSON.stringify(helperUrl)})`))
