/** A process that holds one subject: `subject.mjs <module> <name> <json>`. It measures what its parent asks for, when its parent asks. */
import { batchSizeOf, sample } from './measure.mjs'

const [module, name, parameters] = process.argv.slice(2)
const { facts = {}, finish, ...operations } = await (await import(module))[name](JSON.parse(parameters))
const sizes = {}

process.on('message', async ({ operation, milliseconds, end }) => {
  try {
    if (end) process.send({ facts: { ...facts, ...(await finish?.()) } })
    else {
      sizes[operation] ??= await batchSizeOf(operations[operation], { warmUp: milliseconds })
      process.send({ samples: await sample(operations[operation], sizes[operation], milliseconds) })
    }
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) })
  }
})
process.send({ operations: Object.keys(operations) })
