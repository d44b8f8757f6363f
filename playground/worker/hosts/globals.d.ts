/** What the hosts use of Deno and of Bun. */
declare const Deno: {
  args: string[]
  serve(
    options: { hostname: string; port: number; onListen(): void },
    answer: (request: Request) => Promise<Response>,
  ): { addr: { port: number } }
}
declare const Bun: {
  serve(options: { hostname: string; port: number; fetch: (request: Request) => Promise<Response> }): { port: number }
}
