export const exitCodes = { success: 0, failure: 1, usage: 2, notSignedIn: 3, interrupted: 130 }

/** An error of this program, not of the library. */
export class CliError extends Error {
  constructor(message, exitCode = exitCodes.failure) {
    super(message)
    this.exitCode = exitCode
  }
}
