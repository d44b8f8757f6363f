import { sourceFiles } from '../package/support.ts'

/** Loads the whole core before any test does, or what runs at import would count as covered by the test that first loads a lazy part. */
await Promise.all(sourceFiles('src/core').map((path) => import(`../../${path}`)))
