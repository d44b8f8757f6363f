/** Whether less than so many milliseconds have gone by since a time. Where the clock has been set back to before it, nobody knows: not so. */
export function isYoung(since: number | undefined, milliseconds: number): boolean {
  const age = Date.now() - since!
  return age >= 0 && age < milliseconds
}
