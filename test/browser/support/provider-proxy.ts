import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Provider, startProvider } from '../../../playground/provider/index.mjs'

/** The provider behind a server that adds headers to its pages, as a real one has them. */
export interface ProxiedProvider extends Provider {
  /** Added to every page; live. */
  pageHeaders: Record<string, string>
  /** Stands in the place of the keys, as those before a rotation, and may be kept for a day; live. */
  olderKeys: object | undefined
}

export async function startProxiedProvider(): Promise<ProxiedProvider> {
  let target = ''
  const proxy = createServer((request, response) => {
    const { method, headers, url } = request
    const onward = forward(target + url, { method: method!, headers }, (answer) => {
      if (proxied.olderKeys && url!.endsWith('/keys')) {
        const { 'content-length': _, ...rest } = answer.headers
        answer.resume()
        response.writeHead(200, { ...rest, 'cache-control': 'max-age=86400' }).end(JSON.stringify(proxied.olderKeys))
        return
      }
      const isPage = /text\/html/.test(answer.headers['content-type'] ?? '')
      response.writeHead(answer.statusCode!, { ...answer.headers, ...(isPage && proxied.pageHeaders) })
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const provider = await startProvider({ https: false, publicUrl: `http://localhost:${(proxy.address() as AddressInfo).port}` })
  target = provider.localUrl.replace('localhost', '127.0.0.1')
  async function close(): Promise<void> {
    proxy.close()
    proxy.closeAllConnections()
    await provider.close()
  }
  const proxied: ProxiedProvider = { ...provider, pageHeaders: {}, olderKeys: undefined, close, [Symbol.asyncDispose]: close }
  return proxied
}
