import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refusedOrigin } from '../support/fault-server.ts'
import { Browser, type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'

const { alice } = users
const passphrase = 'correct horse'

/** A provider of one's own, and the part of other people in the suite: a person at a browser, and whoever breaks things. */
export interface Helper {
  url: string
  playground: Playground
  close(): Promise<void>
}

/** @param options.files whether the runtime has the modules of Node.js; `script` is what the page of a browser loads */
export async function startHelper({ files, script }: { files: boolean; script?: string }): Promise<Helper> {
  // A page may be served from anywhere here, whatever kind of client it plays: the real provider answers pages of single-page applications only.
  const playground = await startPlayground({ https: false, settings: { deviceCodeInterval: 1, anyOrigin: true } })
  const { provider } = playground
  const environment = { ...environmentOf(playground), files, nobody: (await refusedOrigin()).replace('127.0.0.1', 'localhost') }

  const actions: Record<string, (details: Record<string, string>) => unknown> = {
    'sign-in': ({ authUri, cancel }) => signIn(authUri!, alice, { cancel: !!cancel }),
    'approve-device': approveDevice,
    'fail-next': (fault) => provider.control.failNext(fault),
    revoke: () => provider.control.revoke({ user: alice }),
    requests: () =>
      provider.requests.map(({ method, path, grantType, parameters }) => ({
        method,
        path,
        grantType,
        challenge: parameters.code_challenge,
        verifier: parameters.code_verifier,
      })),
  }

  /** Comes when the device has asked, and has heard that it must wait. */
  async function approveDevice({ verificationUri, userCode }: Record<string, string>): Promise<string> {
    const polls = () => provider.tokenRequests('urn:ietf:params:oauth:grant-type:device_code').filter(({ status }) => status === 400)
    while (polls().length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    const browser = new Browser()
    try {
      return await browser.approveDevice(verificationUri!, userCode!, alice)
    } finally {
      await browser.close()
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.url!.slice(1)
    const send = (type: string, body: string, status = 200) =>
      response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'access-control-allow-origin': '*' }).end(body)
    if (name === 'environment') send('application/json', JSON.stringify(environment))
    else if (name === 'page') send('text/html', '<!doctype html><title>Suite</title><script type="module" src="script.js"></script>')
    else if (name === 'script.js' && script) send('text/javascript', script)
    else if (actions[name]) {
      let body = ''
      for await (const chunk of request) body += chunk
      send('application/json', JSON.stringify((await actions[name](JSON.parse(body))) ?? null))
    } else send('text/plain', 'not found', 404)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500, { 'access-control-allow-origin': '*' }).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    playground,
    async close() {
      server.close()
      server.closeAllConnections()
      await playground.close()
    },
  }
}

function environmentOf({ provider, api }: Playground) {
  const { native, web, api: middleTier, webCertificate } = provider.clients
  const { clientId, privateKey: pkcs8, certificate, thumbprint } = webCertificate
  const key = createPrivateKey(pkcs8)
  const { homeAccountId, username, password, name } = alice
  return {
    authority: provider.authority(tenants.contoso),
    knownAuthorities: [new URL(provider.url).host],
    api: api.url,
    users: { alice: { homeAccountId, username, password, name } },
    clients: {
      native: { clientId: native.clientId },
      web: { clientId: web.clientId, secret: web.secret },
      api: { clientId: middleTier.clientId, secret: middleTier.secret },
      certificate: {
        clientId,
        certificate,
        thumbprint,
        pkcs8,
        pkcs1: key.export({ type: 'pkcs1', format: 'pem' }),
        encrypted: key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }),
        passphrase,
      },
    },
  }
}
