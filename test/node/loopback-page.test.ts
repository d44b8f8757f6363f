import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { post, type Reply, send, signIn, state } from './loopback-support.ts'

const hostile = '<img src=x onerror=alert(1)>"\'`&'

async function answered(parameters: Record<string, string>, options: Parameters<typeof signIn>[0] = {}): Promise<Reply> {
  const { port, answer } = await signIn(options)
  const reply = await send(port, `/?${new URLSearchParams({ ...parameters, state })}`)
  await answer
  return reply
}

describe('default pages', () => {
  test.each([
    ['success', { code: 'c' }, { code: 'CANARY', session_state: hostile, $error: 'x' }],
    ['error', { error: 'e' }, { error: hostile, error_description: `CANARY ${hostile}`, error_uri: 'javascript:alert(1)' }],
  ])('S9 S61 the %s page holds nothing of the request', async (_name, plain, loud) => {
    const first = await answered(plain)
    const second = await answered(loud)
    expect(first.body.length).toBeGreaterThan(200)
    expect(second.body).toBe(first.body)
    expect(second.headers).toEqual({ ...first.headers, date: expect.any(String) })
  })

  test('S61 the page is the same whether the answer was posted or not', async () => {
    const { port } = await signIn()
    const posted = await post(port, String(new URLSearchParams({ code: 'c', state })))
    expect(posted.body).toBe((await answered({ code: 'c' })).body)
  })

  test('S61 its headers let nothing run, load, be kept or be framed, and its own style apply', async () => {
    for (const parameters of [{ code: 'c' }, { error: 'e' }]) {
      const { headers, body } = await answered(parameters as Record<string, string>)
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        connection: 'close',
      })
      const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? ''
      const hash = createHash('sha256').update(style).digest('base64')
      expect(headers['content-security-policy']).toBe(
        `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      )
      expect(body).not.toMatch(/<script|<img|<link|style=/)
    }
  })

  test('S61 a refusal is a constant too', async () => {
    const { port } = await signIn()
    const replies = await Promise.all([send(port, '/'), send(port, `/${encodeURI(hostile)}?error=${encodeURIComponent(hostile)}`)])
    for (const { body, headers } of replies) {
      expect(body).toBe('There is no sign-in here.\n')
      expect(headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'",
      })
    }
  })
})

describe('templates', () => {
  test.each(['$error', '<p>$error</p>', '  \n$error', '$' + '{error}', 'text $error_description'])(
    'S9, S61 %j escapes and is always HTML',
    async (template) => {
      const { headers, body } = await answered({ error: hostile, error_description: hostile }, { errorTemplate: template })
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(headers['content-security-policy']).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
      expect(body).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&#96;&amp;')
      expect(body).not.toContain('<img')
    },
  )

  test('they are filled once, with what they know', async () => {
    const errorTemplate = '$error|$' + '{error}|$error_description|$error_uri|$errors|$code|$$error|$5|$'
    const reply = await answered({ error: '$error_description', error_description: "$&$'" }, { errorTemplate })
    expect(reply.body).toBe('$error_description|$error_description|$&amp;$&#39;||$errors|$code|$error|$5|$')
  })

  test('the success template has no error to show and no code', async () => {
    const reply = await answered({ code: 'CANARY', x: hostile }, { successTemplate: '<h1>Done</h1>$error $code', errorTemplate: 'no' })
    expect(reply.body).toBe('<h1>Done</h1> $code')
  })

  test('$error_uri is a web page or nothing', async () => {
    const of = async (error_uri: string) => (await answered({ error: 'e', error_uri }, { errorTemplate: '$error_uri' })).body
    expect(await of('https://login.example/help?a=1&b=2')).toBe('https://login.example/help?a=1&amp;b=2')
    expect(await of('javascript:alert(1)//https://login.example')).toBe('')
    expect(await of('data:text/html,x')).toBe('')
  })

  test('S65 S71 without line separators and marks that reorder text', async () => {
    const { body } = await answered(
      { error: 'e', error_description: 'pay\u202eeno\u2028\u2029to\u2066\u200f\ud83d\ude00' },
      { errorTemplate: '$error_description' },
    )
    expect(body).toBe('pay eno to 😀')
  })

  test('S71 text from elsewhere is cut to 512 characters, without control characters', async () => {
    const { body } = await answered(
      { error: 'e', error_description: `a\r\n\u0000\u001b[31m\u0085${'b'.repeat(600)}` },
      { errorTemplate: '$error_description' },
    )
    expect(body).toBe(`a [31m ${'b'.repeat(600)}`.slice(0, 512))
  })
})
