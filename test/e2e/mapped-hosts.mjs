// Loaded into a program with `node --import`: hosts named in MAPPED_HOSTS (`{"hosts": {"name": port}, "ca": "PEM"}`) are on this machine,
// and no other host can be reached.
import { Agent, buildConnector, setGlobalDispatcher } from 'undici'

const { hosts, ca } = JSON.parse(process.env.MAPPED_HOSTS)
const connect = buildConnector({ ca })

setGlobalDispatcher(
  new Agent({
    connect(options, callback) {
      const port = options.protocol === 'https:' ? hosts[options.hostname] : undefined
      if (!port) return callback(new Error(`${options.hostname} is not mapped`), null)
      connect({ ...options, hostname: '127.0.0.1', port, servername: options.hostname }, callback)
    },
  }),
)
