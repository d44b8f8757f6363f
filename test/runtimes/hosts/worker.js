// A Worker: the suite runs while it answers a request that names the helper.
import { runSuite } from '../suite/index.js'

const rejections = []
addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)))

export default {
  async fetch(request) {
    return Response.json(await runSuite(new URL(request.url).searchParams.get('helper'), rejections))
  },
}
