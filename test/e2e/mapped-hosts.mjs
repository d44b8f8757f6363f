// Loaded into a program with `node --import`: hosts named in MAPPED_HOSTS (`{"hosts": {"name": port}, "ca": "PEM"}`) are on this machine,
// and no other host can be reached.
import { setGlobalDispatcher } from 'undici'
import { mappedAgent } from './mapped-agent.mjs'

setGlobalDispatcher(mappedAgent(JSON.parse(process.env.MAPPED_HOSTS)))
