/** Microseconds for one run of an operation: many batches, of which the median and the minimum count. */

const shortestBatch = 500

async function runBatch(operation, size) {
  const begin = performance.now()
  for (let turn = 0; turn < size; turn++) await operation()
  return ((performance.now() - begin) * 1000) / size
}

/** Warms an operation up and finds how often it must run for a batch that the clock measures well. */
export async function batchSizeOf(operation, { warmUp = 300 } = {}) {
  const end = performance.now() + warmUp
  let turns = 0
  // The shortest, because other work on the machine only makes it longer.
  let shortest = Number.POSITIVE_INFINITY
  while (performance.now() < end || !turns) {
    shortest = Math.min(shortest, await runBatch(operation, 1))
    turns++
  }
  if (shortest > shortestBatch) return 1
  const batches = []
  for (let turn = 0; turn < 3; turn++) batches.push(await runBatch(operation, Math.min(turns, 200)))
  return Math.max(1, Math.ceil(shortestBatch / Math.max(0.01, Math.min(...batches))))
}

/** Microseconds per operation of each batch within the time given; at least one. */
export async function sample(operation, size, milliseconds) {
  const samples = []
  const end = performance.now() + milliseconds
  do samples.push(await runBatch(operation, size))
  while (performance.now() < end)
  return samples
}

export function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], samples: sorted.length }
}
