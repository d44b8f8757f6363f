import { afterEach, describe, expect, it, vi } from 'vitest'
import { environmentVariable, isServer, osName } from '../../src/core/platform.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

describe('a server', () => {
  it('is Node, Bun and Deno', () => {
    expect(isServer()).toBe(true)
    vi.stubGlobal('process', undefined)
    vi.stubGlobal('Deno', {})
    expect(isServer()).toBe(true)
  })

  it('is workerd and the edge VM, which have no process', () => {
    vi.stubGlobal('process', undefined)
    expect(isServer()).toBe(false)
    vi.stubGlobal('WebSocketPair', class {})
    expect(isServer()).toBe(true)
    vi.stubGlobal('WebSocketPair', undefined)
    vi.stubGlobal('EdgeRuntime', 'edge-runtime')
    expect(isServer()).toBe(true)
  })

  it('is neither a page nor a page’s worker, even with a stub of process', () => {
    vi.stubGlobal('process', { env: {}, versions: {} })
    expect(isServer()).toBe(false)
    vi.stubGlobal('process', { env: {} })
    expect(isServer()).toBe(false)
    vi.unstubAllGlobals()
    vi.stubGlobal('document', {})
    expect(isServer()).toBe(false)
  })
})

it('the operating system is named where there is one', () => {
  expect(osName()).toBe(process.platform)
  vi.stubGlobal('process', undefined)
  expect(osName()).toBeUndefined()
})

it('environment variables are read where there are any and it is permitted', () => {
  vi.stubEnv('REGION_NAME', 'westus')
  expect(environmentVariable('REGION_NAME')).toBe('westus')
  expect(environmentVariable('NO_SUCH_VARIABLE')).toBeUndefined()
  const env = new Proxy({}, { get: () => expect.unreachable() })
  vi.stubGlobal('process', { env })
  expect(environmentVariable('REGION_NAME')).toBeUndefined()
  vi.stubGlobal('process', undefined)
  expect(environmentVariable('REGION_NAME')).toBeUndefined()
})
