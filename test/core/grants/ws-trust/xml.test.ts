import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { attribute, find, holds, namespaceOf, readXml, type XmlElement } from '../../../../src/core/grants/ws-trust/xml.ts'

const read = <T>(body: string, reader: (root: XmlElement) => T): T => readXml({ status: 200, headers: new Headers(), body }, 'c-1', reader)

describe('a reader of XML', () => {
  it('finds elements by local name or by name and namespace, whatever the prefix', () => {
    const text = '<p:a xmlns:p="urn:1" xmlns="urn:2"><b>1</b><p:b>2</p:b><p:b xmlns:p="urn:3">3</p:b><b xmlns="">4</b></p:a>'
    const texts = (step: string) => read(text, (root) => find(root, step).map((element) => element.text))
    expect(texts('b')).toEqual(['1', '2', '3', '4'])
    expect(texts('{urn:1}b')).toEqual(['2'])
    expect(texts('{urn:2}b')).toEqual(['1'])
    expect(texts('{urn:3}b')).toEqual(['3'])
    expect(texts('{}b')).toEqual(['4'])
    expect(texts('{urn:9}b')).toEqual([])
  })

  it('knows attributes by namespace; one without a prefix has none', () => {
    const text = '<a xmlns="urn:1" xmlns:x="urn:1" xmlns:y="urn:2" Id="1" x:Id="2" y:Id="3"/>'
    expect(read(text, (root) => [attribute(root, 'urn:1', 'Id'), attribute(root, 'urn:2', 'Id'), attribute(root, 'urn:3', 'Id')])).toEqual([
      '2',
      '3',
      undefined,
    ])
  })

  it('passes over comments, joins CDATA and resolves the references of XML itself', () => {
    expect(read('<a><b>1<!-- <c/> -->2<![CDATA[<c/>&amp;]]>&#x33;&lt;</b></a>', (root) => find(root, 'b')[0]!.text)).toBe('12<c/>&amp;3<')
    expect(read('<a><b><!-- <c/> --><![CDATA[<c/>]]></b></a>', (root) => holds(root, 'c'))).toBe(false)
  })

  it('keeps positions in a document with a byte order mark, carriage returns and characters beyond the basic plane', () => {
    const text = '\ufeff<?xml version="1.0"?>\r\n<!-- 😀 -->\r\n<a>😀\r<b>\r\n😀</b></a>'
    expect(read(text, (root) => find(root, 'b').map(({ start, end }) => text.slice(start, end)))).toEqual(['<b>\r\n😀</b>'])
  })

  it('does not mistake names of Object for prefixes', () => {
    expect(read('<constructor:a/>', (root) => namespaceOf(root))).toBe('')
    expect(read('<a/>', (root) => namespaceOf(root, '__proto__'))).toBe('')
  })
})

describe('S39 hostile XML is bad_response, and none of it is in the error', () => {
  const canary = 'CANARY-document'
  const lol = `<!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n || ''};`.repeat(10)}">`).join('')}]>`
  it.each<[string, string]>([
    ['nothing', ''],
    ['text', canary],
    ['JSON', `{"a":"${canary}"}`],
    ['HTML', `<!doctype html><html><body><br>${canary}</body></html>`],
    [
      'XHTML with a DOCTYPE',
      `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html>${canary}</html>`,
    ],
    ['an external entity', `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;${canary}</a>`],
    ['a billion laughs', `${lol}<a>&lol9;</a>`],
    ['a DOCTYPE that nobody uses', `${lol}<a>${canary}</a>`],
    ['an entity that is not defined', `<a>&${canary};</a>`],
    ['a document that breaks off', `<a><b>${canary}</b>`],
    ['a second root', `<a/><b>${canary}</b>`],
    ['a NUL', `<a>${canary}\0</a>`],
    ['a reference to a NUL', `<a>${canary}&#0;</a>`],
    ['65 levels', '<a>'.repeat(65) + canary + '</a>'.repeat(65)],
    ['3 000 levels', '<a>'.repeat(3000) + canary + '</a>'.repeat(3000)],
    ['100 000 levels', '<a>'.repeat(100_000) + canary + '</a>'.repeat(100_000)],
  ])('%s', (_, body) => {
    let error: unknown
    try {
      read(body, (root) => root.text)
    } catch (reason) {
      error = reason
    }
    expect(error).toMatchObject({ name: 'NetworkError', code: 'bad_response', status: 200, correlationId: 'c-1' })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(canary)
  })

  it('64 levels are read', () => {
    expect(read(`${'<a>'.repeat(64)}x${'</a>'.repeat(64)}`, (root) => root.text)).toBe('x')
  })

  // The guard is generous: done naively, some of these take minutes.
  it.each<[string, string]>([
    ['line ends', `<a>${'\r\n'.repeat(100_000)}</a>`],
    ['elements', `<a>${'<b/>'.repeat(250_000)}</a>`],
    ['references', `<a>😀${'&amp;'.repeat(200_000)}</a>`],
    ['attributes', `<a ${Array.from({ length: 80_000 }, (_, n) => `a${n}=""`).join(' ')}/>`],
    ['undeclared prefixes', `${'<a>'.repeat(60)}${'<b:c/>'.repeat(170_000)}${'</a>'.repeat(60)}`],
  ])('lots of %s are read in linear time', { timeout: 10_000 }, (_, body) => {
    expect(read(body, (root) => [holds(root, '{urn:x}c'), root.name])).toEqual([false, 'a'])
  })
})
