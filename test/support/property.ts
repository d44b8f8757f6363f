/**
 * How often a property is tried: ten times as often with FULL=1. A failure prints its seed and path; FC_SEED and FC_PATH repeat it.
 */
export function runs(count: number): { numRuns: number; seed?: number; path?: string } {
  const { FULL, FC_SEED, FC_PATH } = process.env
  return { numRuns: FULL ? count * 10 : count, ...(FC_SEED && { seed: Number(FC_SEED) }), ...(FC_PATH && { path: FC_PATH }) }
}
