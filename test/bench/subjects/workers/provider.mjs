/** The identity platform, in the same process as the Workers: it answers at once. */
import { body } from '../../support/fake-provider.mjs'

export default { fetch: async (request) => Response.json(body(request.url, await request.text())) }
