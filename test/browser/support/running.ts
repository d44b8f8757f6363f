import type { Page } from '../../e2e/chromium.ts'

declare global {
  interface Window {
    /** What is running in the page: timers, and channels that are open. */
    running: { timers: Set<unknown>; channels: Set<unknown> }
  }
}

/** Counts timers and channels from the page's next load on. */
export async function countRunning(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const timers = new Set<unknown>()
    const channels = new Set<unknown>()
    window.running = { timers, channels }
    const { setTimeout, setInterval, clearTimeout, clearInterval, BroadcastChannel } = window
    const set =
      (begin: typeof setTimeout, once: boolean) =>
      (task: (...given: unknown[]) => void, time?: number, ...given: unknown[]) => {
        const timer = begin(() => {
          if (once) timers.delete(timer)
          task(...given)
        }, time)
        timers.add(timer)
        return timer
      }
    const clear = (end: typeof clearTimeout) => (timer?: number) => {
      timers.delete(timer)
      end(timer)
    }
    Object.assign(window, {
      setTimeout: set(setTimeout, true),
      setInterval: set(setInterval as never, false),
      clearTimeout: clear(clearTimeout),
      clearInterval: clear(clearInterval),
      BroadcastChannel: class extends BroadcastChannel {
        constructor(name: string) {
          super(name)
          channels.add(this)
        }
        override close() {
          channels.delete(this)
          super.close()
        }
      },
    })
  })
}

/** How many timers are running in a page, and how many channels are open. */
export const running = (page: Page): Promise<number[]> => page.evaluate(() => [window.running.timers.size, window.running.channels.size])
