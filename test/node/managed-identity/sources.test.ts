import { describe, expect, it } from 'vitest'
import type { ManagedIdentity } from '../../../src/node/managed-identity/identity.ts'
import { parseIdentity } from '../../../src/node/managed-identity/identity.ts'
import { type ManagedIdentitySource, requestOf, selectSource } from '../../../src/node/managed-identity/sources.ts'
import { canary } from '../../support/canary.ts'
import { header, machine, resource, secret, sources, variablesFor } from './support.ts'

const here = 'http://127.0.0.1:41000/msi/token'
const files = (...paths: string[]) => ({
  fs: {
    lstat: async (path: string) => (paths.includes(path) ? { isFile: () => true, size: 1 } : Promise.reject(new Error('gone'))),
    readFile: async () => '',
  },
})

describe('the source', () => {
  const all = { IDENTITY_ENDPOINT: here, IDENTITY_HEADER: 'h', MSI_ENDPOINT: here, MSI_SECRET: 's', IMDS_ENDPOINT: here }
  const shell = { AZUREPS_HOST_ENVIRONMENT: 'cloud-shell/1.0' }
  it.each<[string, ManagedIdentitySource, Record<string, string>, ReturnType<typeof files>?, string?]>([
    ['all variables', 'service_fabric', { ...all, ...shell, IDENTITY_SERVER_THUMBPRINT: 'x' }],
    ['no thumbprint', 'app_service', { ...all, ...shell }],
    ['a thumbprint alone', 'imds', { IDENTITY_SERVER_THUMBPRINT: 'x', IDENTITY_ENDPOINT: here }],
    ['no identity header', 'machine_learning', { MSI_ENDPOINT: here, MSI_SECRET: 's', IDENTITY_ENDPOINT: here, IMDS_ENDPOINT: here }],
    ['an endpoint without a secret', 'imds', { MSI_ENDPOINT: here }],
    ['two endpoints', 'azure_arc', { IDENTITY_ENDPOINT: here, IMDS_ENDPOINT: here, ...shell }],
    ['one endpoint', 'imds', { IDENTITY_ENDPOINT: here }],
    ['a Linux agent', 'azure_arc', shell, files('/var/opt/azcmagent/bin/himds')],
    ['a newer Linux agent', 'azure_arc', {}, files('/opt/azcmagent/bin/himds')],
    ['a Windows agent', 'azure_arc', { ProgramFiles: 'D:\\P' }, files('D:\\P\\AzureConnectedMachineAgent\\himds.exe'), 'win32'],
    ['a Windows agent, but no folder of programs', 'imds', {}, files('undefined\\AzureConnectedMachineAgent\\himds.exe'), 'win32'],
    ['a Linux agent on another system', 'imds', {}, files('/var/opt/azcmagent/bin/himds'), 'darwin'],
    ['Cloud Shell', 'cloud_shell', { ...shell, MSI_ENDPOINT: here }],
    ['something else than Cloud Shell', 'imds', { AZUREPS_HOST_ENVIRONMENT: 'my-cloud-shell' }],
    ['nothing', 'imds', {}],
    ['empty variables', 'app_service', { IDENTITY_ENDPOINT: '', IDENTITY_HEADER: '' }],
  ])('%s: %s', async (_, source, variables, found = files(), platform = 'linux') => {
    expect(await selectSource(machine(variables, { ...found, platform }))).toBe(source)
  })
})

describe('the request', () => {
  const identities: (ManagedIdentity | undefined)[] = [undefined, { clientId: 'c-1' }, { objectId: 'o-1' }, { resourceId: '/sub/r 1' }]
  const asked = (source: ManagedIdentitySource, identity: ManagedIdentity | undefined, variables = variablesFor[source](here)) =>
    requestOf(source, parseIdentity(identity), resource, machine(variables))

  it.each<[ManagedIdentitySource, string, Record<string, string>, (Record<string, string> | undefined)[]]>([
    ['service_fabric', '2019-07-01-preview', { Secret: header }, [{}]],
    [
      'app_service',
      '2019-08-01',
      { 'X-IDENTITY-HEADER': header, Metadata: 'true' },
      [{}, { client_id: 'c-1' }, { object_id: 'o-1' }, { mi_res_id: '/sub/r 1' }],
    ],
    ['machine_learning', '2017-09-01', { secret }, [{}, { clientid: 'c-1' }, { object_id: 'o-1' }, { msi_res_id: '/sub/r 1' }]],
    ['azure_arc', '2020-06-01', { Metadata: 'true' }, [{}]],
    ['imds', '2018-02-01', { Metadata: 'true' }, [{}, { client_id: 'c-1' }, { object_id: 'o-1' }, { msi_res_id: '/sub/r 1' }]],
  ])('%s is asked with version %s', (source, version, headers, named) => {
    identities.forEach((identity, index) => {
      if (!named[index]) {
        expect(() => asked(source, identity), JSON.stringify(identity)).toThrow(
          expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(source) }),
        )
        return
      }
      const request = asked(source, identity)
      const url = new URL(request.url)
      expect(`${url.origin}${url.pathname}`).toBe(here)
      expect(Object.fromEntries(url.searchParams)).toEqual({ 'api-version': version, resource, ...named[index] })
      expect(request).toMatchObject({ method: 'GET' })
      expect(request.headers).toEqual(headers)
      expect(request.body).toBeUndefined()
    })
  })

  it('of Cloud Shell is a form, and names no identity', () => {
    const request = asked('cloud_shell', undefined)
    expect(request).toMatchObject({ method: 'POST', url: here, headers: { Metadata: 'true' } })
    expect(Object.fromEntries(request.body!)).toEqual({ resource })
    for (const identity of identities.slice(1)) {
      expect(() => asked('cloud_shell', identity)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    }
  })

  it('goes to the well-known address where no variable names one', () => {
    const url = (source: ManagedIdentitySource, variables = {}) => asked(source, undefined, variables).url.split('?')[0]
    expect(url('imds')).toBe('http://169.254.169.254/metadata/identity/oauth2/token')
    expect(url('cloud_shell')).toBe('http://localhost:50342/oauth2/token')
    expect(url('azure_arc')).toBe('http://localhost:40342/metadata/identity/oauth2/token')
    // That is somebody else's endpoint; the agent was found by its file.
    expect(url('azure_arc', { IDENTITY_ENDPOINT: here })).toBe('http://localhost:40342/metadata/identity/oauth2/token')
  })

  it('keeps what the endpoint’s own query says', () => {
    const { url } = asked('app_service', undefined, { IDENTITY_ENDPOINT: `${here}?a=b%20c&resource=mine`, IDENTITY_HEADER: '' })
    expect([...new URL(url).searchParams].sort()).toEqual([
      ['a', 'b c'],
      ['api-version', '2019-08-01'],
      ['resource', resource],
    ])
  })

  it.each([
    'http://localhost:42356/msi/token',
    'http://127.0.0.1:41741/MSI/token/',
    'http://127.8.9.1/x',
    'http://[::1]:80/x',
    'http://169.254.129.2:8081/msi/token',
    'https://anywhere.example/x',
  ])('S34 may go to %s', (url) => {
    for (const source of sources) expect(asked(source, undefined, variablesFor[source](url)).url).toContain(new URL(url).origin)
  })

  it.each([
    '',
    ' ',
    'token',
    '/msi/token',
    'http://metadata.example/x',
    'http://10.0.0.4/x',
    'http://169.254.169.254.example/x',
    'http://127.0.0.1.example/x',
    'http://localhost.example/x',
    'http://evil-localhost/x',
    'http://169.255.169.254/x',
    'http://[::2]/x',
    'http://127.0.0.1@evil.example/x',
    `http://user:${canary('password')}@localhost/x`,
    `https://${canary('user')}@vault.example/x`,
    'ftp://localhost/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('S34 may not go to %j', (url) => {
    for (const source of sources) {
      expect(() => asked(source, undefined, variablesFor[source](url)), source).toThrow(
        expect.objectContaining({
          name: 'ClientConfigurationError',
          code: 'invalid_argument',
          message: expect.not.stringContaining('CANARY'),
        }),
      )
    }
  })

  it('carries no secret that is no header', () => {
    for (const value of [`${header}\r\nHost: evil.example`, `${header}\u0000`, `${header}ä`]) {
      expect(() => asked('app_service', undefined, { IDENTITY_ENDPOINT: here, IDENTITY_HEADER: value })).toThrow(
        expect.objectContaining({ code: 'invalid_argument', message: expect.not.stringContaining('CANARY') }),
      )
    }
  })
})

describe('an identity', () => {
  it.each<[unknown, object]>([
    [undefined, { id: 'SYSTEM_ASSIGNED_MANAGED_IDENTITY' }],
    [{ clientId: 'c' }, { kind: 'clientId', id: 'c' }],
    [{ objectId: 'o' }, { kind: 'objectId', id: 'o' }],
    [{ resourceId: '/r' }, { kind: 'resourceId', id: '/r' }],
    [
      { resourceId: '/r', clientId: undefined },
      { kind: 'resourceId', id: '/r' },
    ],
  ])('%j', (given, identity) => {
    expect(parseIdentity(given as ManagedIdentity)).toEqual(identity)
  })

  it.each([
    null,
    {},
    'c',
    [],
    1,
    { clientId: '' },
    { clientId: ' ' },
    { clientId: 5 },
    { clientId: 'c', objectId: 'o' },
    { id: 'c' },
    { client_id: 'c' },
  ])('%j is none', (given) => {
    expect(() => parseIdentity(given as never)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  })
})
