/** Tells other tabs and workers of an origin which partitions have changed: names alone, never what is in them. */
export function announcer(name: string) {
  let channel: BroadcastChannel | undefined
  const listeners = new Set<(partition: string) => void>()

  function open(): BroadcastChannel {
    const opened = new BroadcastChannel(name)
    // In Node.js an open channel keeps the process alive.
    ;(opened as { unref?: () => void }).unref?.()
    opened.onmessage = ({ data }) => {
      if (typeof data === 'string') for (const listener of listeners) listener(data)
    }
    return opened
  }

  return {
    announce(partition: string): void {
      if (typeof BroadcastChannel === 'undefined') return
      // One that listens does not hear itself.
      const sender = channel ?? new BroadcastChannel(name)
      sender.postMessage(partition)
      if (sender !== channel) sender.close()
    },

    watch(changed: (partition: string) => void): () => void {
      // The same function may watch twice.
      const listener = (partition: string) => changed(partition)
      listeners.add(listener)
      if (typeof BroadcastChannel !== 'undefined') channel ??= open()
      return () => {
        listeners.delete(listener)
        if (listeners.size) return
        channel?.close()
        channel = undefined
      }
    },
  }
}
