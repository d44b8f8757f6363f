/** Those who wait for one signal. */
class Waiting extends Set<() => void> {
  handleEvent(): void {
    for (const abort of this) abort()
  }
}

const waits = /* @__PURE__ */ new WeakMap<AbortSignal, Waiting>()

/** Calls back when a signal is aborted; returns what ends that. All who wait share one listener: of more than ten on one signal Node.js warns. */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  const waiting = waits.get(signal) ?? new Waiting()
  waits.set(signal, waiting)
  if (!waiting.size) signal.addEventListener('abort', waiting)
  waiting.add(abort)
  return () => {
    waiting.delete(abort)
    if (!waiting.size) signal.removeEventListener('abort', waiting)
  }
}
