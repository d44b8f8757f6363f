import { configDefaults, mergeConfig } from 'vitest/config'
import ordinary from '../vitest.config.ts'

const { include: _every, ...test } = ordinary.test ?? {}

/** What takes many seconds for every mutant: the minutes' long, and thousands of broken files. */
const exclude = [...configDefaults.exclude, 'test/**/*.long.test.ts', 'test/core/cache/hostile.test.ts']

/** The ordinary configuration, with the quick tests of the mutated folder only, and in one realm: twice as fast. */
export default mergeConfig(
  { ...ordinary, test },
  {
    test: {
      include: JSON.parse(process.env.MUTATION_TESTS ?? '[]') as string[],
      exclude,
      isolate: false,
    },
  },
)
