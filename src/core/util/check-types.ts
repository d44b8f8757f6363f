/**
 * Refuses values of a wrong type.
 *
 * @param wrong Matches the name, a space and a type that the value of that name must not be of. What may be of several types is better
 * checked where it is read.
 */
export function checkTypes(options: object, wrong: RegExp, error: (message: string) => Error): void {
  for (const name in options) {
    const value: unknown = options[name as keyof typeof options]
    const type = Array.isArray(value) ? 'array' : typeof value
    if (value !== undefined && wrong.test(`${name} ${type}`)) throw error(`${name} must be no ${type}.`)
  }
}
