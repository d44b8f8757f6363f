import { describe, expect, it } from 'vitest'
import { createTelemetry } from '../../../src/core/http/telemetry.ts'

const last = 'x-client-last-telemetry'

describe('the telemetry headers', () => {
  it('name the call and the reason of a refresh', () => {
    expect(createTelemetry().headers(0, 84, 2)).toEqual({ 'x-client-current-telemetry': '4|84,2|', [last]: '4|0|||' })
  })

  it('tell of the failures until a request succeeds', () => {
    const telemetry = createTelemetry()
    let hits = 1
    const now = () => telemetry.headers(hits, 622, 0)[last]
    expect(now()).toBe('4|1|||')
    telemetry.answered(622, 'id_1', 'error_1')
    expect(now()).toBe('4|1|622,id_1|error_1|')
    telemetry.answered(622, 'id_2', 'error_2')
    expect(now()).toBe('4|1|622,id_1,622,id_2|error_1,error_2|')
    telemetry.answered(622, 'id_3')
    hits = 0
    expect(now()).toBe('4|0|||')
  })

  it('stay short, and take failures again after a success', () => {
    const telemetry = createTelemetry()
    const id = '5d2b9a5e-7f0e-4d53-8a3c-0b6c1b0a7d11'
    for (let i = 0; i < 100; i++) telemetry.answered(84, id, 'invalid_grant')
    expect(telemetry.headers(0, 84, 1)[last]).toBe(`4|0|${Array(6).fill(`84,${id}`).join()}|${Array(6).fill('invalid_grant').join()}|`)
    telemetry.answered(84, id)
    telemetry.answered(84, id, 'x')
    expect(telemetry.headers(0, 84, 1)[last]).toBe(`4|0|84,${id}|x|`)
  })

  it('are headers whatever the provider and the caller write', () => {
    const telemetry = createTelemetry()
    telemetry.answered(84, 'a\r\nb|ü', 'bad,\nerror|\u0000')
    expect(telemetry.headers(0, 84, 1)[last]).toBe('4|0|84,ab|baderror|')
    expect(() => new Headers(telemetry.headers(0, 84, 1))).not.toThrow()
  })
})
