import { once } from 'node:events'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Playground, startPlayground, tenants, users } from '../support/provider.ts'
import { readme, replaced, section, Terminal } from './starts-support.ts'
import { emptyFolder, installBuild, node, root } from './support.ts'

const fiveStarts = ['A page in a browser', 'A command-line program', 'A service', 'A web app on a Worker', 'A protected API']

test('the README has no example but those that are run', () => {
  const count = (text: string) => [...text.matchAll(/^```(?:ts|js)$/gm)].length
  const run = [...fiveStarts, 'Other ways'].map((heading) => count(section(heading)))
  expect(run.every((found) => found > 0)).toBe(true)
  expect(run.reduce((sum, found) => sum + found)).toBe(count(readme))
  // Those of the other ways, one by one, are below.
  expect(run.at(-1)).toBe(5)
})

// The short examples of the README run too, each as a program of its own.
const { alice } = users

describe('of the other ways in the README', { timeout: 60_000 }, () => {
  const cleanups: (() => Promise<void>)[] = []
  let playground: Playground
  let folder: string

  beforeAll(async () => {
    playground = await startPlayground({ https: false, settings: { deviceCodeInterval: 1 } })
    folder = await emptyFolder((clean) => cleanups.push(clean))
    await installBuild(folder)
    for (const name of ['jose', 'idb-keyval', '@azure', '@microsoft']) {
      await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir')
    }
  })
  afterAll(async () => {
    await playground?.close()
    for (const clean of cleanups) await clean()
  })

  /** The example below the paragraph that begins so, with the provider's values, between what it takes as given and what is to be seen of it. */
  async function program(beginning: string, { before = '', after = '' } = {}): Promise<string> {
    const [, rest = ''] = section('Other ways').split(`**${beginning}`)
    const [, code] = /```ts\n(.*?)^```/ms.exec(rest) ?? []
    if (!code) throw new Error(`No example for "${beginning}".`)
    const { provider } = playground
    const written = await transform([before, replaced(code, provider, provider.clients.native), after].join('\n'), {
      loader: 'ts',
      format: 'esm',
    })
    const name = `${beginning.toLowerCase().replaceAll(/\W+/g, '-')}.mjs`
    await writeFile(join(folder, name), written.code)
    return name
  }

  test('the device code works', async () => {
    const name = await program('A device', { after: 'console.log(account.username)' })
    const { output, ended } = await new Terminal(folder).serve(`node ${name}`, /enter the code \S+ /)
    const [, page = '', code = ''] = /page (\S+) and enter the code (\S+)/.exec(output) ?? []
    const browser = new Browser()
    await browser.approveDevice(page, code, alice)
    await browser.close()
    expect(await ended).toContain(alice.username)
  })

  test('the managed identity works', async () => {
    const seen: (string | undefined)[] = []
    const service = createServer(({ url, headers }, response) => {
      seen.push(url, String(headers['x-identity-header']))
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          access_token: 'a-token',
          expires_on: String(Math.floor(Date.now() / 1000) + 3600),
          token_type: 'Bearer',
          resource: 'r',
        }),
      )
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const { port } = service.address() as AddressInfo
    const name = await program('On Azure', { after: 'console.log(accessToken)' })
    const variables = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/token`, IDENTITY_HEADER: 'a-header' }
    expect(await node(folder, [name], variables)).toBe('a-token\n')
    expect(seen).toEqual([expect.stringMatching(/^\/token\?.*resource=https%3A%2F%2Fgraph\.microsoft\.com/), 'a-header'])
    service.close()
  })

  test('any OpenID provider works', async () => {
    const issuer = `${playground.provider.url}/${tenants.contoso.id}/v2.0`
    const after = `console.log((await app.initiateAuthCodeFlow({ redirectUri: 'http://localhost' })).authUri)`
    const name = await program('Any OpenID', { after })
    const text = (await readFile(join(folder, name), 'utf8')).replace('https://idp.example/realm', issuer)
    await writeFile(join(folder, name), text)
    expect(await node(folder, [name])).toMatch(new RegExp(`^${playground.provider.url}/.+client_id=my-client`))
  })

  test('the credentials of the Azure SDK and of Graph give the tokens of the client', async () => {
    const { url, clients } = playground.provider
    const { clientId, secret } = clients.daemon
    const options = `{ clientId: '${clientId}', clientCredential: '${secret}', authority: '${url}/${tenants.contoso.id}', knownAuthorities: ['${new URL(url).host}'] }`
    const before = `import { ConfidentialClientApplication } from 'msal-isomorphic'
      const app = new ConfidentialClientApplication(${options}), account = undefined`
    const after = `const { token } = await blobs.credential.getToken('https://storage.azure.com/.default')
      console.log(JSON.parse(atob(token.split('.')[1])).aud, typeof graph.api)`
    const name = await program('The Azure SDK', { before, after })
    expect(await node(folder, [name])).toBe('https://storage.azure.com function\n')
  })

  test('the provider for tests works', async () => {
    const name = await program('Your own tests', { after: `console.log(accessToken.split('.').length, provider.requests.length > 0)` })
    expect(await node(folder, [name])).toBe('3 true\n')
  })
})
