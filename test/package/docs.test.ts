import { join } from 'node:path'
import { it } from 'vitest'
import { node, root } from './support.ts'

it('the API reference is made without a warning', async () => {
  await node(root, [join(root, 'node_modules/typedoc/bin/typedoc'), '--emit', 'none'])
}, 60_000)
