import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseAuthority } from '../../../src/core/authority/authority.ts'
import { findFederation } from '../../../src/core/authority/user-realm.ts'
import type { Http } from '../../../src/core/http/document.ts'
import type { Send } from '../../../src/core/http/http-client.ts'

const authority = parseAuthority({ authority: 'https://login.contoso.example:8443/tenant' })
const bounds = { timeout: 1000, correlationId: 'c-1' }

afterEach(() => void vi.unstubAllGlobals())

function setUp(body: unknown, status = 200) {
  const send = vi.fn<Send>(async () => ({ status, headers: new Headers(), body: JSON.stringify(body) }))
  const cache = new Map<string, string>()
  const http: Http = { send, cache }
  return { send, cache, http, ask: (username = 'mia@contoso.example') => findFederation(http, authority, username, bounds) }
}

describe('a user realm', () => {
  it('is asked for at the host of the authority, with its port', async () => {
    const { ask, send } = setUp({ account_type: 'Managed' })
    expect(await ask()).toBeUndefined()
    expect(send.mock.calls[0]![0]).toMatchObject({
      method: 'GET',
      url: 'https://login.contoso.example:8443/common/userrealm/mia%40contoso.example?api-version=1.0',
      headers: { accept: 'application/json', 'client-request-id': 'c-1' },
      timeout: 1000,
    })
  })

  it('in a browser no header asks for a preflight', async () => {
    vi.stubGlobal('document', {})
    const { ask, send } = setUp({})
    await ask()
    expect(send.mock.calls[0]![0].headers).toEqual({ accept: 'application/json' })
  })

  it('wire-protocol S13: the name stays one segment of the path', async () => {
    const { ask, send } = setUp({})
    for (const username of ['a/b', 'a?b=c', 'a#b', '../x', 'a%2fb', 'jürgen 😀']) {
      await ask(username)
      const { pathname, search, hash } = new URL(send.mock.lastCall![0].url)
      expect(decodeURIComponent(pathname)).toBe(`/common/userrealm/${username}`)
      expect(pathname.split('/')).toHaveLength(4)
      expect([search, hash]).toEqual(['?api-version=1.0', ''])
    }
  })

  it.each(['Managed', 'Unknown', '', undefined, null, 7, {}])('of type %j is the platform itself', async (account_type) => {
    expect(await setUp({ account_type, federation_metadata_url: 'https://fs.example/mex' }).ask()).toBeUndefined()
  })

  it("is the company's own server where it is federated", async () => {
    const federation_metadata_url = 'https://fs.example/adfs/services/trust/mex'
    const federation_active_auth_url = 'https://fs.example/adfs/services/trust/2005/usernamemixed'
    expect(
      await setUp({
        account_type: 'Federated',
        federation_metadata_url,
        federation_active_auth_url,
        cloud_audience_urn: 'urn:federation:Elsewhere',
      }).ask(),
    ).toEqual({
      metadataUrl: federation_metadata_url,
      activeUrl: federation_active_auth_url,
      audience: 'urn:federation:Elsewhere',
    })
    expect(
      await setUp({
        account_type: 'federated',
        federation_metadata_url: null,
        federation_active_auth_url: [],
        cloud_audience_urn: 'a\nb',
      }).ask(),
    ).toEqual({
      audience: 'urn:federation:MicrosoftOnline',
    })
  })

  it('wire-protocol S14: is remembered for each name, without the name', async () => {
    const { ask, send, cache } = setUp({ account_type: 'Managed', Login: 'mia@contoso.example', DomainName: 'mia.example' })
    await ask('mia@contoso.example')
    await ask('mia@contoso.example')
    expect(send).toHaveBeenCalledTimes(1)
    await ask('noah@contoso.example')
    expect(send).toHaveBeenCalledTimes(2)
    expect(cache.size).toBe(2)
    expect(JSON.stringify([...cache])).not.toMatch(/mia|noah/)
  })

  it('404: the host knows none, and this client does not ask it again', async () => {
    const first = setUp({}, 404)
    for (const name of ['a', 'b', 'a']) expect(await first.ask(name)).toBeUndefined()
    expect(first.send).toHaveBeenCalledTimes(1)
    await findFederation(first.http, parseAuthority({ authority: 'https://login.contoso.example/tenant' }), 'a', bounds)
    expect(first.send).toHaveBeenCalledTimes(2)
    const other = setUp({}, 404)
    await other.ask()
    expect(other.send).toHaveBeenCalledTimes(1)
  })

  it.each<[number, string, string]>([
    [400, 'ClientConfigurationError', 'metadata_invalid'],
    [403, 'ClientConfigurationError', 'metadata_invalid'],
    [429, 'NetworkError', 'server_unavailable'],
    [503, 'NetworkError', 'server_unavailable'],
  ])('status %d is a %s, and the next call asks again', async (status, name, code) => {
    const { ask, send } = setUp({ account_type: 'Managed' }, status)
    for (const times of [1, 2]) {
      await expect(ask('CANARY@contoso.example')).rejects.toMatchObject({
        name,
        code,
        correlationId: 'c-1',
        message: expect.not.stringContaining('CANARY'),
      })
      expect(send).toHaveBeenCalledTimes(times)
    }
  })

  it('an answer that is no JSON object is refused', async () => {
    for (const body of [[], 'Managed', null]) await expect(setUp(body).ask()).rejects.toMatchObject({ code: 'bad_response' })
  })
})
