/** What some runtimes have beside the web standards. */
interface Runtime {
  document?: unknown
  Deno?: unknown
  EdgeRuntime?: unknown
  WebSocketPair?: unknown
  process?: { platform?: string; versions?: { node?: string }; env?: Record<string, string | undefined> }
}

// Bundlers rewrite `process.env.X` where they find it in the text, so it is reached as a property.
function runtime(): Runtime {
  return globalThis as Runtime
}

/** Whether this is surely a server. Anywhere else a header of ours would cost a CORS preflight, which the provider may refuse. */
export function isServer(): boolean {
  const { document, Deno, EdgeRuntime, WebSocketPair, process } = runtime()
  return !document && !!(Deno || EdgeRuntime || WebSocketPair || process?.versions?.node)
}

/** `linux`, `darwin`, `win32` and so on; undefined where there is no operating system to speak of. */
export function osName(): string | undefined {
  return runtime().process?.platform
}

/** An environment variable; undefined where there are none or reading them is not permitted. */
export function environmentVariable(name: string): string | undefined {
  try {
    return runtime().process?.env?.[name]
  } catch {
    return undefined
  }
}
