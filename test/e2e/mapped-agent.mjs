import { Agent, buildConnector } from 'undici'

/** Reaches the named hosts (`{ "name": port }`) on this machine, over HTTPS that `ca` vouches for; beside them nothing but localhost. */
export function mappedAgent({ hosts, ca }) {
  const connect = buildConnector({ ca })
  return new Agent({
    connect(options, callback) {
      const port = options.protocol === 'https:' ? hosts[options.hostname] : undefined
      if (port) return connect({ ...options, hostname: '127.0.0.1', port, servername: options.hostname }, callback)
      if (options.hostname === 'localhost') return connect(options, callback)
      callback(new Error(`${options.hostname} is not mapped`), null)
    },
  })
}
