import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { versions } from '../../../../src/core/grants/ws-trust/endpoint.ts'
import { buildRst } from '../../../../src/core/grants/ws-trust/rst.ts'
import { attribute, find, readXml, type XmlElement } from '../../../../src/core/grants/ws-trust/xml.ts'
import { action13, action2005 } from './documents.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1, 23, 55, 7, 890), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const url = 'https://fs.contoso.example/adfs/services/trust/13/usernamemixed'
const person = { username: 'mia@contoso.example', password: 'pass phrase' }
const wss = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity'
const soap = '{http://www.w3.org/2003/05/soap-envelope}'
const wsa = '{http://www.w3.org/2005/08/addressing}'

function build(action = action13, who = person, audience = 'urn:federation:MicrosoftOnline', to = url) {
  const body = buildRst({ url: to, action }, who, audience)
  const root = readXml({ status: 200, headers: new Headers(), body }, undefined, (element) => element)
  const at = (...path: string[]): XmlElement => {
    const [element, ...others] = find(root, ...path)
    expect(others).toEqual([])
    return element!
  }
  const token = (name: string) => at(`${soap}Header`, `{${wss}-secext-1.0.xsd}Security`, `{${wss}-secext-1.0.xsd}UsernameToken`, name).text
  return { body, root, at, token }
}

describe('a request for an assertion', () => {
  it.each([
    [
      action13,
      'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
      'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer',
      'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue',
    ],
    [
      action2005,
      'http://schemas.xmlsoap.org/ws/2005/02/trust',
      'http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey',
      'http://schemas.xmlsoap.org/ws/2005/02/trust/Issue',
    ],
  ])('for %s', (action, trust, keyType, requestType) => {
    const { at, root, token } = build(action)
    expect(root.name).toBe('s:Envelope')
    for (const [name, value] of [
      ['Action', action],
      ['To', url],
    ] as const) {
      expect(at(`${soap}Header`, wsa + name).text).toBe(value)
      expect(attribute(at(`${soap}Header`, wsa + name), soap.slice(1, -1), 'mustUnderstand')).toBe('1')
    }
    expect(at(`${soap}Header`, `${wsa}MessageID`).text).toMatch(/^urn:uuid:[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    expect(at(`${soap}Header`, `${wsa}ReplyTo`, `${wsa}Address`).text).toBe('http://www.w3.org/2005/08/addressing/anonymous')
    expect(token('Username')).toBe(person.username)
    expect(token('Password')).toBe(person.password)
    const request = [`${soap}Body`, `{${trust}}RequestSecurityToken`]
    expect(at(...request, `{${trust}}KeyType`).text).toBe(keyType)
    expect(at(...request, `{${trust}}RequestType`).text).toBe(requestType)
    const appliesTo = '{http://schemas.xmlsoap.org/ws/2004/09/policy}AppliesTo'
    expect(at(...request, appliesTo, `${wsa}EndpointReference`, `${wsa}Address`).text).toBe('urn:federation:MicrosoftOnline')
  })

  it('is good for ten minutes from now', () => {
    const { at } = build()
    const security = at(`${soap}Header`, `{${wss}-secext-1.0.xsd}Security`)
    expect(attribute(security, soap.slice(1, -1), 'mustUnderstand')).toBe('1')
    const stamp = find(security, `{${wss}-utility-1.0.xsd}Timestamp`)[0]!
    expect(attribute(stamp, `${wss}-utility-1.0.xsd`, 'Id')).toBe('_0')
    expect(find(stamp, 'Created')[0]!.text).toBe('2030-01-01T23:55:07Z')
    expect(find(stamp, 'Expires')[0]!.text).toBe('2030-01-02T00:05:07Z')
    expect(attribute(find(security, 'UsernameToken')[0]!, `${wss}-utility-1.0.xsd`, 'Id')).toBe('ADALUsernameToken')
  })

  it('has a number of its own', () => {
    const id = () => build().at(`${soap}Header`, `${wsa}MessageID`).text
    expect(id()).not.toBe(id())
  })

  it('wire-protocol S13: nothing breaks out of its element', () => {
    for (const text of [`</wsse:Username><x/>&amp;"'`, ']]>', '<![CDATA[', ' \t\n\r ', 'a\r\nb', 'Ünï😀', '&#60;']) {
      const { body, root, token } = build(action13, { username: text, password: text }, 'urn:a&b', 'https://fs.example/?a=1&b=<2>')
      expect(token('Username').replaceAll(' ', '_')).toBe(text.replaceAll(' ', '_'))
      expect(token('Password')).toBe(text)
      expect(body).not.toContain('\r')
      expect(find(root, 'Header', 'To')[0]!.text).toBe('https://fs.example/?a=1&b=<2>')
      expect(find(root, 'Body', 'RequestSecurityToken', 'AppliesTo', 'EndpointReference', 'Address')[0]!.text).toBe('urn:a&b')
    }
  })

  it('S69 what XML cannot hold is refused, without showing it', () => {
    for (const text of ['CANARY\0', 'CANARY\x1b', 'CANARY\uffff', 'CANARY\ud800']) {
      for (const who of [
        { ...person, username: text },
        { ...person, password: text },
      ]) {
        expect(() => build(action13, who)).toThrow(
          expect.objectContaining({ code: 'invalid_argument', message: expect.not.stringContaining('CANARY') }),
        )
      }
    }
  })

  it('speaks the versions that can be chosen', () => {
    expect([...versions.keys()]).toEqual([action13, action2005])
  })
})
