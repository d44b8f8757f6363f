import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Scripted failures for tests. `failNext` is used up by the next request it fits:
 *   when     { path, grantType, clientId }: a path fits as a substring; the default is any token request
 *   status, headers, body    the answer: an object is sent as JSON, a string as it is
 *   delay    ms to wait before anything happens; without an answer the request is then served normally
 *   drop     true: the connection is cut without an answer
 *   after    true: the request is served first (codes and tokens are spent), then the failure is sent instead of the answer
 *   times    how many requests it fits (default 1)
 */
export function createFaults() {
  const queue = []
  return {
    failNext(fault) {
      queue.push({ times: 1, ...fault })
    },
    clear() {
      queue.length = 0
    },
    /** The fault for a request, if one is waiting. */
    take({ path, grantType, clientId }) {
      const fits = ({ when = { path: '/oauth2/v2.0/token' } }) =>
        (when.path === undefined || path.includes(when.path)) &&
        (when.grantType === undefined || when.grantType === grantType) &&
        (when.clientId === undefined || when.clientId === clientId)
      const fault = queue.find(fits)
      if (fault && --fault.times <= 0) queue.splice(queue.indexOf(fault), 1)
      return fault
    },
  }
}

/** Plays a fault; true when it has answered (or cut) the request. */
export async function playFault(fault, req, res) {
  if (fault.delay) await sleep(fault.delay)
  if (fault.drop) {
    req.socket.destroy()
    return true
  }
  if (fault.status === undefined && fault.body === undefined) return false
  const json = typeof fault.body === 'object'
  const body = json ? JSON.stringify(fault.body) : (fault.body ?? '')
  res.writeHead(fault.status ?? 500, {
    'content-type': json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    ...(req.headers.origin ? { 'access-control-allow-origin': req.headers.origin } : {}),
    ...fault.headers,
  })
  res.end(body)
  return true
}
