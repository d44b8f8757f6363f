import { createSend, type HttpRequest } from '../../../src/core/http/http-client.ts'

/** Sends what it is told to, by way of workerd's own `fetch`; tells what came, and which fields `fetch` was given. */
export default {
  async fetch(request: Request): Promise<Response> {
    const order = (await request.json()) as HttpRequest
    const own = globalThis.fetch
    let given: RequestInit = {}
    globalThis.fetch = (url, init) => {
      given = init!
      return own(url, init)
    }
    try {
      const { status, body } = await createSend()(order)
      return Response.json({ status, body, fields: Object.keys(given), cache: given.cache ?? null })
    } catch (error) {
      return Response.json({ message: String(error) })
    } finally {
      globalThis.fetch = own
    }
  },
}
