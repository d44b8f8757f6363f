import { describe, expect, it } from 'vitest'
import { parseAuthority } from '../../../../src/core/authority/authority.ts'
import { guessAction, isUsable } from '../../../../src/core/grants/ws-trust/endpoint.ts'
import { action13, action2005 } from './documents.ts'

const cloud = parseAuthority({})
const local = parseAuthority({ authority: 'http://localhost:8080/contoso' })

describe('S42 a federation server', () => {
  it.each([
    'https://fs.contoso.example/adfs',
    'https://fs.contoso.example:49443/a?b',
    'https://adfs/adfs',
    'https://xn--mnchen-3ya.example',
    'https://1.example',
  ])('is at %s', (url) => {
    expect(isUsable(cloud, url)).toBe(true)
    expect(isUsable(local, url)).toBe(true)
  })

  it.each([
    '',
    'fs.contoso.example',
    '/adfs',
    'https://',
    'javascript:1',
    'file:///etc/passwd',
    'http://fs.contoso.example/adfs',
    'wss://fs.contoso.example',
    'https://mia@fs.contoso.example',
    'https://:secret@fs.contoso.example',
    'https://169.254.169.254/',
    'https://10.0.0.1',
    'https://[fe80::1]',
    'https://[::ffff:10.0.0.1]',
    'https://127.0.0.2',
    'https://localhost.',
    'https://fs.localhost',
    'http://169.254.169.254/',
  ])('is never at %j', (url) => {
    expect(isUsable(cloud, url)).toBe(false)
    expect(isUsable(local, url)).toBe(false)
  })

  it.each(['https://localhost/adfs', 'http://localhost:8081', 'http://127.0.0.1:1', 'https://[::1]'])(
    'is at %s where the authority is on this machine too',
    (url) => {
      expect(isUsable(cloud, url)).toBe(false)
      expect(isUsable(local, url)).toBe(true)
      expect(isUsable(local, url.replace(/^https?/, 'ftp'))).toBe(false)
    },
  )

  it('has an address for a name where the caller trusts it', () => {
    const trusting = parseAuthority({ knownAuthorities: ['10.0.0.1:444'] })
    expect(isUsable(trusting, 'https://10.0.0.1:444/adfs')).toBe(true)
    expect(isUsable(trusting, 'https://10.0.0.1/adfs')).toBe(false)
    expect(isUsable(trusting, 'http://10.0.0.1:444/adfs')).toBe(false)
  })

  it('shows its version in its address', () => {
    expect(guessAction('https://fs.contoso.example/adfs/services/trust/13/usernamemixed')).toBe(action13)
    expect(guessAction('https://fs.contoso.example/adfs/services/trust/2005/UsernameMixed?x')).toBe(action2005)
    for (const url of ['https://fs.contoso.example/trust/14/usernamemixed', 'https://fs.contoso.example/trust/13/windowstransport', ''])
      expect(guessAction(url)).toBeUndefined()
  })
})
