import type { spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { openBrowser, type System, webUrl } from '../../src/node/open-browser.ts'

const page = 'https://login.example/authorize?client_id=1&state=2'

/** A system whose programs end with the given code, are missing ('ENOENT'), or keep running. */
function fake(system: Partial<System> & { outcomes?: Record<string, number | 'ENOENT' | 'runs'> } = {}) {
  const calls: { argv: string[]; options: object; unref: boolean }[] = []
  const written: string[] = []
  const start = (file: string, argv: string[], options: object) => {
    const call = { argv: [file, ...argv], options, unref: false }
    calls.push(call)
    const unref = () => {
      call.unref = true
    }
    const child = Object.assign(new EventEmitter(), { unref })
    const outcome = system.outcomes?.[file] ?? 0
    if (outcome === 'ENOENT') queueMicrotask(() => child.emit('error', Object.assign(new Error('spawn'), { code: 'ENOENT' })))
    else if (outcome !== 'runs') queueMicrotask(() => child.emit('exit', outcome))
    return child
  }
  const whole: System = {
    platform: 'linux',
    release: '6.1.0',
    env: {},
    ...system,
    spawn: start as unknown as typeof spawn,
    write: (text) => written.push(text),
  }
  return { system: whole, calls, written, argvs: () => calls.map(({ argv }) => argv) }
}

test.each([
  ['linux', {}, ['xdg-open', page]],
  ['freebsd', {}, ['xdg-open', page]],
  ['darwin', {}, ['/usr/bin/open', page]],
  ['win32', { SystemRoot: 'D:\\Win' }, ['D:\\Win\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', page]],
])('S63 %s opens the page without a shell', async (platform, env, argv) => {
  const { system, calls, written } = fake({ platform, env })
  await openBrowser(page, system)
  expect(calls).toEqual([{ argv, options: { shell: false, detached: true, stdio: 'ignore', windowsHide: true }, unref: true }])
  expect(written).toEqual([])
})

describe('S63 hostile URLs', () => {
  test.each([
    ['https://login.example/$(touch x)`id`', 'https://login.example/$(touch%20x)%60id%60'],
    ['https://login.example/?a=1&calc', 'https://login.example/?a=1&calc'],
    ['https://login.example/?"x" \'y\'', 'https://login.example/?%22x%22%20%27y%27'],
    ["https://login.example/'; calc; '", "https://login.example/';%20calc;%20'"],
    ['https://login.example/\n--option\r\nx', 'https://login.example/--optionx'],
    ['https://login.example/?|more>x<y^z%PATH%;ls', 'https://login.example/?|more%3Ex%3Cy^z%PATH%;ls'],
    ['  https://login.example/ü#ü ', 'https://login.example/%C3%BC#%C3%BC'],
  ])('%j is one argument', async (url, expected) => {
    expect(webUrl(url)).toBe(expected)
    for (const platform of ['linux', 'darwin', 'win32']) {
      const { system, argvs } = fake({ platform })
      await openBrowser(webUrl(url)!, system)
      expect(argvs()[0]!.at(-1)).toBe(expected)
    }
  })

  test.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'calc',
    '',
    '-a Calculator',
    'ms-settings:',
    'httpsx://y',
    'https://',
  ])('%j is none', (url) => {
    expect(webUrl(url)).toBeNull()
  })

  test('PowerShell gets one quoted string', async () => {
    const { system, calls } = fake({ release: '5.15.0-microsoft-standard-WSL2', outcomes: { wslview: 'ENOENT' } })
    await openBrowser(webUrl("https://login.example/';calc;'$(calc)")!, system)
    expect(calls.map(({ argv }) => argv[0])).toEqual(['wslview', 'powershell.exe'])
    const encoded = calls[1]!.argv.at(-1)!
    expect(calls[1]!.argv.slice(1, -1)).toEqual(['-NoProfile', '-NonInteractive', '-EncodedCommand'])
    expect(Buffer.from(encoded, 'base64').toString('utf16le')).toBe("Start-Process 'https://login.example/'';calc;''$(calc)'")
  })
})

describe('S63 BROWSER', () => {
  test.each(['firefox', '/opt/editor/bin/browser.sh'])('%j goes first', async (browser) => {
    const { system, argvs } = fake({ env: { BROWSER: browser } })
    await openBrowser(page, system)
    expect(argvs()).toEqual([[browser, page]])
  })

  test.each(['firefox %s', 'lynx:firefox', '--version', 'sh -c', '$(id)', 'a;b', ''])('%j is left to xdg-open', async (browser) => {
    const { system, argvs } = fake({ env: { BROWSER: browser } })
    await openBrowser(page, system)
    expect(argvs()).toEqual([['xdg-open', page]])
  })
})

describe('S63 no browser', () => {
  test.each([['ENOENT'], [3]] as const)('%s is not fatal: the terminal shows the URL', async (outcome) => {
    const { system, argvs, written } = fake({ env: { BROWSER: 'firefox' }, outcomes: { firefox: outcome, 'xdg-open': outcome } })
    await openBrowser(page, system)
    expect(argvs()).toEqual([
      ['firefox', page],
      ['xdg-open', page],
    ])
    expect(written).toEqual([`Open this page to sign in: ${page}\n`])
  })

  test('a program that keeps running is the browser; its end later says nothing', async () => {
    vi.useFakeTimers()
    try {
      const { system, argvs, written } = fake({ env: { BROWSER: 'firefox' }, outcomes: { firefox: 'runs' } })
      const opened = openBrowser(page, system)
      await vi.advanceTimersByTimeAsync(5_000)
      await opened
      expect([argvs(), written]).toEqual([[['firefox', page]], []])
    } finally {
      vi.useRealTimers()
    }
  })

  test('a runtime that does not let programs start is not fatal either', async () => {
    const { system, written } = fake()
    const spawn = () => {
      throw new Error('not permitted')
    }
    await openBrowser(page, { ...system, spawn })
    expect(written).toEqual([`Open this page to sign in: ${page}\n`])
  })

  test('a real program that is missing is not fatal either', async () => {
    const { spawn } = await import('node:child_process')
    const { system, written } = fake({ platform: 'win32', env: { SystemRoot: '/nowhere' } })
    await openBrowser(page, { ...system, spawn })
    expect(written).toEqual([`Open this page to sign in: ${page}\n`])
  })
})
