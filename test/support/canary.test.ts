import { describe, expect, it } from 'vitest'
import { canary, expectNoCanary, leaks } from './canary.ts'

const secret = canary('secret')

class Keeper {
  readonly #hidden = secret
  get open(): string {
    return this.#hidden
  }
}

class Printer {
  readonly #hidden = secret
  toJSON() {
    return { value: this.#hidden }
  }
}

const hidden = Object.defineProperty({}, 'hidden', { value: secret })
const named = new Error('outer', { cause: new Error('inner', { cause: { token: secret } }) })
const stacked = Object.assign(new Error('clean'), { stack: `Error: ${secret}` })
const cyclic: Record<string, unknown> = { list: [1, { secret }] }
cyclic.self = cyclic

describe('the scan for secrets', () => {
  it.each<[string, unknown]>([
    ['a text', secret],
    ['a message', new Error(secret)],
    ['a stack', stacked],
    ['a cause of a cause', named],
    ['a hidden property', hidden],
    ['a symbol property', { [Symbol('kept')]: secret }],
    ['the description of a symbol', { kept: Symbol(secret) }],
    ['the name of a property', { [secret]: 1 }],
    ['a getter of the class', new Keeper()],
    ['toJSON', new Printer()],
    ['toString', { toString: () => secret }],
    ['a Map', new Map([['key', { secret }]])],
    ['a Set', new Set([secret])],
    ['URLSearchParams', new URLSearchParams({ code: secret })],
    ['an encoded URL', { url: `https://host.example/?x=${encodeURIComponent(secret).replace('-', '%2D')}` }],
    ['Headers', new Headers({ authorization: `Bearer ${secret}` })],
    ['bytes', new TextEncoder().encode(secret)],
    ['a property of a function', Object.assign(() => 1, { secret })],
    ['an object that holds itself', cyclic],
  ])('finds one in %s', (_, value) => {
    expect(leaks(value)).not.toEqual([])
    expect(() => expectNoCanary(value)).toThrow()
  })

  it('finds none where there is none', () => {
    const fine = { a: 1, b: [new Map([['x', null]])], c: new Error('fine', { cause: 'x' }), d: new URLSearchParams('a=b'), e: undefined }
    expect(leaks(fine)).toEqual([])
    expectNoCanary(fine)
  })
})
