import { mergeConfig } from 'vitest/config'
import ordinary from '../vitest.config.ts'

const { include: _every, ...test } = ordinary.test ?? {}

/** The ordinary configuration, with the tests of the mutated folder only, and in one realm: twice as fast. */
export default mergeConfig(
  { ...ordinary, test },
  { test: { include: JSON.parse(process.env.MUTATION_TESTS ?? '[]') as string[], isolate: false } },
)
