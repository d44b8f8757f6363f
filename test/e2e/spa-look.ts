import type { Page } from './chromium.ts'

const controls = ['button', 'link', 'textbox', 'radio', 'checkbox', 'progressbar', 'DisclosureTriangle', 'group', 'region', 'log', 'list']
const mayBeNameless = ['group', 'region', 'list']

/** The controls without an accessible name, as the browser computes it for screen readers; and how many there are in all. */
export async function namelessControls(page: Page): Promise<{ nameless: string[]; count: number }> {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  await session.detach()
  const found = nodes.filter(({ role, ignored }) => !ignored && controls.includes(role?.value) && !mayBeNameless.includes(role?.value))
  return { nameless: found.filter(({ name }) => !name?.value).map(({ role }) => role?.value), count: found.length }
}

/** What reaches beyond the edge of the page, at its present width. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement
    const beyond = [...document.querySelectorAll<HTMLElement>('body *:not(.visually-hidden, .visually-hidden *)')].filter((part) => {
      const { left, right, width } = part.getBoundingClientRect()
      return (
        width > 0 &&
        (left < -0.5 ||
          right > clientWidth + 0.5 ||
          (part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX !== 'visible'))
      )
    })
    return [
      ...(scrollWidth > clientWidth ? [`the page: ${scrollWidth} > ${clientWidth}`] : []),
      ...beyond.map((part) => `${part.tagName} ${part.id || part.className}`),
    ]
  })
}

/** The texts whose contrast to what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
    const rgba = (color: string) => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = color
      canvas.fillRect(0, 0, 1, 1)
      return [...canvas.getImageData(0, 0, 1, 1).data]
    }
    const luminance = (color: number[]) => {
      const [r = 0, g = 0, b = 0] = color.map((part) =>
        part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const behind = (part: Element | null): number[] => {
      if (!part) return [255, 255, 255, 255]
      const color = rgba(getComputedStyle(part).backgroundColor)
      return color[3] === 255 ? color : behind(part.parentElement)
    }
    return [...document.querySelectorAll<HTMLElement>('body *')].flatMap((part) => {
      const own = [...part.childNodes]
        .filter(({ nodeType }) => nodeType === Node.TEXT_NODE)
        .map(({ textContent }) => textContent)
        .join('')
        .trim()
      if (!own || !part.checkVisibility() || part.closest('.visually-hidden')) return []
      const [light, dark] = [luminance(rgba(getComputedStyle(part).color)), luminance(behind(part))].sort((a, b) => b - a) as [
        number,
        number,
      ]
      const contrast = (light + 0.05) / (dark + 0.05)
      return contrast < 4.5 ? [`${contrast.toFixed(2)}: ${own.slice(0, 40)}`] : []
    })
  })
}
