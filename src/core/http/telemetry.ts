/** Counts what an application does, for the provider's telemetry headers. One per application object; nothing personal is in it. */
export interface Telemetry {
  /** The headers of a token request; `hits` tokens have come from the cache since the last success. */
  headers(hits: number, apiId: number, refreshReason: number): Record<string, string>
  /** The answer to it came: with the OAuth error where it is one. A request without an answer is not reported. */
  answered(apiId: number, correlationId: string, error?: string): void
}

export function createTelemetry(): Telemetry {
  let calls: string[] = []
  let errors: string[] = []
  return {
    headers: (hits, apiId, refreshReason) => ({
      'x-client-current-telemetry': `4|${apiId},${refreshReason}|`,
      'x-client-last-telemetry': `4|${hits}|${calls.join()}|${errors.join()}|`,
    }),
    answered(apiId, correlationId, error) {
      if (error === undefined) {
        calls = []
        errors = []
        return
      }
      // A separator or a line break in foreign text would garble the header.
      const all = [...calls, `${apiId},${plain(correlationId)}`]
      const words = [...errors, plain(error)]
      if (`${all},${words}`.length > 348) return
      calls = all
      errors = words
    },
  }
}

function plain(text: string): string {
  return text.replace(/[^\w.-]/g, '')
}
