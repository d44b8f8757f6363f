/** The id of the account that was chosen; empty: none on purpose; null: nobody has ever chosen. */
export interface Choice {
  get(): string | null
  set(id: string | null): void
}

/** Kept over page loads where the browser allows it. */
export function storedChoice(key: string): Choice {
  /** Where the browser refuses. */
  let here: string | null = null
  return {
    get() {
      try {
        return localStorage.getItem(key) ?? here
      } catch {
        return here
      }
    },
    set(id) {
      here = null
      try {
        if (id === null) localStorage.removeItem(key)
        else localStorage.setItem(key, id)
      } catch {
        here = id
      }
    },
  }
}
