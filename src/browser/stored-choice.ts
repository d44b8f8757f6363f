/** The id of the account that was chosen; empty: none on purpose; null: nobody has ever chosen. */
export interface Choice {
  get(): string | null
  set(id: string | null): void
}

/** Kept over page loads where the browser allows it. */
export function storedChoice(key: string): Choice {
  let here: string | null = null
  let refused = false
  return {
    get() {
      try {
        if (!refused) return localStorage.getItem(key)
      } catch {}
      return here
    },
    set(id) {
      here = id
      try {
        if (id === null) localStorage.removeItem(key)
        else if (localStorage.getItem(key) !== id) localStorage.setItem(key, id)
      } catch {
        refused = true
      }
    },
  }
}
