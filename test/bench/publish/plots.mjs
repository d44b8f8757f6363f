/** Four plots of the results, each for light and for dark pages: `node test/bench/report/plots.mjs` draws them again. */
import * as echarts from 'echarts'
import { cell, microseconds, number, occasion } from './results.mjs'

/** @import { Results } from './results.mjs' */

const width = 860
const font = 'system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif'
const themes = {
  light: { text: '#1f2328', quiet: '#59636e', line: '#d1d9e0', ours: '#0969da', msal: '#bc4c00', python: '#8250df', other: '#818b98' },
  dark: { text: '#f0f6fc', quiet: '#9198a1', line: '#3d444d', ours: '#4493f8', msal: '#f0883e', python: '#ab7df8', other: '#7d8590' },
}

/** @typedef {keyof typeof themes} Theme */
/** @typedef {'ours' | 'msal' | 'python' | 'other'} Family */
/** @typedef {{ heading: string, bars: { name: string, family: Family, value: number | undefined }[] }} Group */

export const plotNames = /** @type {const} */ (['hit', 'sizes', 'herd', 'cold-start'])
export const themeNames = /** @type {Theme[]} */ (Object.keys(themes))

/**
 * All of them, by file name. The same results give the same files.
 *
 * @param {Results} results
 * @returns {Map<string, string>}
 */
export function plots(results) {
  const draw = { hit, sizes, herd, 'cold-start': coldStart }
  return new Map(plotNames.flatMap((name) => themeNames.map((theme) => [`${name}-${theme}.svg`, draw[name](results, theme)])))
}

/** @param {Results} results @param {Theme} theme */
function hit(results, theme) {
  const colors = themes[theme]
  const line = (name, family, library, counts, label = 'right') => {
    const data = counts.flatMap((users) => {
      const [from, amount] = Array.isArray(users) ? users : [library, users]
      const text = cell(results, 'hit', 'acquireTokenSilent, hit', [from, amount.toLocaleString('en')], 'rotating users')
      return text === undefined ? [] : [[amount, microseconds(text)]]
    })
    const last = data.length - 1
    return {
      type: 'line',
      name,
      data: data.map((value, index) => ({ value, label: { show: index === last, formatter: name, position: label } })),
      symbol: family === 'ours' ? 'circle' : family === 'msal' ? 'rect' : family === 'python' ? 'triangle' : 'diamond',
      symbolSize: 8,
      color: colors[family],
      lineStyle: { width: family === 'ours' ? 3 : 2 },
      label: { color: colors[family], fontFamily: font, fontSize: 13, fontWeight: 600 },
    }
  }
  const axis = { ...axisStyle(colors), type: 'log', logBase: 10 }
  return svg(460, {
    ...heading(colors, 'What a cached token costs, against the number of users', [
      'Median time of acquireTokenSilent, the users taking turns; both scales are logarithmic.',
      `test/bench/hit.mjs, ${occasion(results.hit)}`,
    ]),
    grid: { left: 70, right: 185, top: 95, bottom: 55 },
    xAxis: {
      ...axis,
      min: 1,
      max: 1_000_000,
      name: 'users in the cache',
      axisLabel: { ...axisStyle(colors).axisLabel, formatter: (value) => value.toLocaleString('en') },
    },
    yAxis: { ...axis, min: 0.1, max: 100_000, axisLabel: { ...axisStyle(colors).axisLabel, formatter: duration } },
    series: [
      line('@azure/msal-node', 'msal', '@azure/msal-node', [1, 100, 1_000, 10_000]),
      line('MSAL Python', 'python', 'MSAL Python 1.21', [1, 100, 10_000]),
      line('msal-isomorphic', 'ours', 'msal-isomorphic', [1, 100, 10_000, 100_000, ['msal-isomorphic, over a store', 1_000_000]]),
      line('a plain Map', 'other', '(a plain Map)', [1, 100_000]),
    ],
  })
}

/** @param {Results} results @param {Theme} theme */
function sizes(results, theme) {
  const kilobytes = (name, title, row, column) => {
    const bytes = number(cell(results, name, title, [row], column))
    return bytes === undefined ? undefined : bytes / 1000
  }
  const page = (row) => kilobytes('browser', 'A single-page application', row, 'gzip -9')
  const own = (row) => kilobytes('size', 'Bytes in a bundle', row, 'gzip -9')
  const peer = (row) => kilobytes('size', 'Peers', row, 'gzip -9')
  const groups = [
    {
      heading: 'A page: popup, redirect, silent, sign-out, a store; first load',
      bars: [
        ours(page('msal-isomorphic: popup, redirect, silent, sign-out, IndexedDB')),
        other('oidc-client-ts', page('oidc-client-ts: popup, redirect, silent, sign-out, localStorage')),
        msal('@azure/msal-browser', page('@azure/msal-browser: popup, redirect, silent, sign-out, localStorage')),
      ],
    },
    {
      heading: 'Sign-in by code and renewal, all that loads',
      bars: [
        other('oauth4webapi (no cache)', peer('oauth4webapi: sign-in by code, renewal')),
        ours(own('PublicClientApplication: sign-in by code, renewal')),
        msal('@azure/msal-node', peer('@azure/msal-node: PublicClientApplication')),
      ],
    },
    {
      heading: 'A service’s token by certificate, all that loads',
      bars: [
        other('oauth4webapi (no cache)', peer('oauth4webapi: client credentials by private_key_jwt')),
        other('openid-client (no cache)', peer('openid-client: client credentials by private_key_jwt')),
        ours(own('ConfidentialClientApplication: client credentials by certificate')),
        msal('@azure/msal-node', peer('@azure/msal-node: ConfidentialClientApplication')),
      ],
    },
  ]
  return bars(theme, groups, (value) => `${value.toFixed(1)} KB`, 'Bytes in a bundle, gzipped', [
    'esbuild, minified, split, for browsers (@azure/msal-node: for Node.js); gzip -9; KB are 1,000 bytes.',
    'test/bench/size.mjs and browser.mjs, on the packed files; the same on every machine',
  ])
}

/** @param {Results} results @param {Theme} theme */
function herd(results, theme) {
  const table = results.herd?.tables[0]
  const groups = (table?.rows ?? [['not run']]).map(([scenario, own, theirs]) => ({
    heading: String(scenario),
    bars: table ? [ours(Number(own)), msal('@azure/msal-node', Number(theirs))] : [],
  }))
  return bars(theme, groups, (value) => String(value), 'Token requests for 100 calls at once', [
    'How many reach the provider, counted. It takes 50 ms for each.',
    `test/bench/herd.mjs, ${occasion(results.herd)}`,
  ])
}

/** @param {Results} results @param {Theme} theme */
function coldStart(results, theme) {
  const imported = (row) => number(cell(results, 'import', 'Import in a fresh process', [row], 'median ms'))
  const inChromium = (row) => milliseconds(cell(results, 'browser', 'Import of that application in Chromium', [row], 'import until ready'))
  const worker = (row) => number(cell(results, 'worker', "A Worker's first token", [row], 'first token'))
  const groups = [
    {
      heading: 'Import in a fresh Node.js process',
      bars: [
        other('oauth4webapi', imported('oauth4webapi')),
        ours(imported('msal-isomorphic')),
        other('jose', imported('jose')),
        msal('@azure/msal-node', imported('@azure/msal-node')),
      ],
    },
    {
      heading: 'Import of a page’s application in Chromium, files in its cache',
      bars: [
        other('oidc-client-ts', inChromium('oidc-client-ts')),
        ours(inChromium('msal-isomorphic')),
        msal('@azure/msal-browser', inChromium('@azure/msal-browser')),
      ],
    },
    {
      heading: 'First token of a new Worker, from the request to the answer',
      bars: [
        other('(a Worker without a library)', worker('(a Worker without a library)')),
        other('oauth4webapi, signing', worker('oauth4webapi, private_key_jwt')),
        other('openid-client, signing', worker('openid-client, private_key_jwt')),
        ours(worker('msal-isomorphic, certificate, in files'), 'msal-isomorphic, signing'),
        msal('@azure/msal-node, a secret', worker('@azure/msal-node, secret')),
      ],
    },
  ]
  return bars(theme, groups, (value) => `${value >= 100 ? Math.round(value) : value.toPrecision(2)} ms`, 'Cold start', [
    'Medians of 21 to 30 rounds, the libraries taking turns, each time in a new process, profile or isolate.',
    ...['import', 'browser', 'worker'].map((name) => `test/bench/${name}.mjs, ${occasion(results[name])}`),
  ])
}

const milliseconds = (text) => {
  const value = microseconds(text)
  return value === undefined ? undefined : value / 1000
}
const ours = (value, name = 'msal-isomorphic') => ({ name, family: /** @type {const} */ ('ours'), value })
const msal = (name, value) => ({ name, family: /** @type {const} */ ('msal'), value })
const other = (name, value) => ({ name, family: /** @type {const} */ ('other'), value })

/**
 * Horizontal bars in groups, each with its heading. What has not been run has no bar, and says so.
 *
 * @param {Theme} theme
 * @param {Group[]} groups
 * @param {(value: number) => string} label
 * @param {string} title
 * @param {string[]} how
 */
function bars(theme, groups, label, title, how) {
  const colors = themes[theme]
  const rows = groups.flatMap(({ heading, bars }) => [
    { name: heading, heading: true, family: undefined, value: undefined },
    ...bars.map((bar) => ({ ...bar, heading: false })),
  ])
  const text = { color: colors.text, fontFamily: font, fontSize: 13 }
  const left = 205
  const top = 46 + how.length * 17
  return svg(top + rows.length * 25 + 14, {
    ...heading(colors, title, how),
    grid: { left, right: 70, top, bottom: 14 },
    xAxis: { type: 'value', show: false, min: 0 },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ name, heading }, index) => `${heading ? '' : name}\u200b${index}`),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...text, interval: 0, formatter: (name) => name.split('\u200b')[0] },
    },
    series: [
      {
        type: 'bar',
        barWidth: 15,
        data: rows.map(({ name, heading, family, value }) => ({
          value: value ?? 0,
          itemStyle: { color: family ? colors[family] : 'transparent', borderRadius: [0, 3, 3, 0] },
          label: heading
            ? { show: true, position: [-left + 16, 1], formatter: name, ...text, fontWeight: 600 }
            : { show: true, position: 'right', formatter: value === undefined ? 'not run' : label(value), ...text },
        })),
      },
    ],
  })
}

/** @param {typeof themes.light} colors @param {string} text @param {string[]} how */
const heading = (colors, text, how) => ({
  textStyle: { fontFamily: font },
  title: {
    text,
    subtext: how.join('\n'),
    left: 12,
    top: 8,
    itemGap: 6,
    textStyle: { color: colors.text, fontFamily: font, fontSize: 17, fontWeight: 600 },
    subtextStyle: { color: colors.quiet, fontFamily: font, fontSize: 12, lineHeight: 17 },
  },
})

/** @param {typeof themes.light} colors */
const axisStyle = (colors) => ({
  nameLocation: 'middle',
  nameGap: 32,
  nameTextStyle: { color: colors.quiet, fontFamily: font, fontSize: 13 },
  axisLine: { lineStyle: { color: colors.line } },
  axisTick: { lineStyle: { color: colors.line } },
  minorTick: { show: false },
  splitLine: { lineStyle: { color: colors.line, opacity: 0.6 } },
  axisLabel: { color: colors.text, fontFamily: font, fontSize: 12 },
})

/** @param {number} value microseconds */
const duration = (value) => (value < 1000 ? `${value} µs` : `${value / 1000} ms`)

/** @param {number} height @param {{ title: { text: string } } & Record<string, unknown>} option */
function svg(height, option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, backgroundColor: 'transparent', ...option })
  const text = chart.renderToSVGString()
  chart.dispose()
  // An image has no use for what answers a pointer, whose names also count the plots of a process.
  const still = text.replace(/<style.*<\/style>\n/s, '').replaceAll(/ (class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
  const named = still.replace(/^<svg[^>]*>\n/, (tag) => `${tag}<title>${option.title.text}</title>\n`)
  return `${named.replaceAll(/\bzr\d+-/g, 'plot-')}\n`
}
