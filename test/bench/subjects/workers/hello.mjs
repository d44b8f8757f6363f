/** A Worker without a library: what the runtime costs. */
export default { fetch: () => new Response('hello') }
