/** How fast device codes are asked for. The answers of the provider and the clock of the client are not quite in step: a tenth is forgiven. */
export function createPaces(settings) {
  const paces = new Map()
  return {
    isTooSoon(deviceCode) {
      const now = Date.now()
      const { last, interval } = paces.get(deviceCode) ?? { interval: settings.deviceCodeInterval * 1000 }
      const tooSoon = settings.deviceCodeSlowDown && last !== undefined && now - last < interval * 0.9
      paces.set(deviceCode, { last: now, interval: interval + (tooSoon ? 5_000 : 0) })
      if (paces.size > 1_000) paces.delete(paces.keys().next().value)
      return tooSoon
    },
  }
}
