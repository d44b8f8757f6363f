import { NetworkError } from '../errors.ts'
import type { DeviceCodeFlow } from '../types.ts'
import { printable } from '../util/printable.ts'
import type { Grant } from './grant.ts'

/** What this library keeps in a flow. */
export interface DeviceFlow extends DeviceCodeFlow {
  deviceCode: string
  clientId: string
  authority: string
  scopes: string[]
}

const defaultInterval = 5
const longestInterval = 60
const defaultLifetime = 1800
const longestLifetime = 24 * 3600

/** Reads a device authorization response (RFC 8628 section 3.2). What a person is shown holds no control characters. */
export function readDeviceAuthorization(
  json: Record<string, unknown>,
  request: { clientId: string; authority: string; scopes: string[]; loopback: boolean },
): DeviceFlow {
  const bad = (field: string) => new NetworkError('bad_response', `The device authorization response's ${field} is missing or malformed.`)
  const text = (name: string, most: number): string => {
    const value = json[name]
    if (typeof value !== 'string' || !value || value.length > most) throw bad(name)
    return value
  }
  const address = (name: string): string => {
    const url = URL.canParse(text(name, 2048)) ? new URL(json[name] as string) : undefined
    // What stands before an @ would pass for the host.
    if (!url || url.username || url.password) throw bad(name)
    if (url.protocol !== 'https:' && !(request.loopback && url.protocol === 'http:')) throw bad(name)
    return url.href
  }
  const userCode = printable(text('user_code', 64)).trim()
  if (!userCode) throw bad('user_code')
  const verificationUri = address('verification_uri')
  const { loopback: _, ...kept } = request
  const flow: DeviceFlow = {
    userCode,
    verificationUri,
    message:
      typeof json.message === 'string' && json.message
        ? printable(json.message.slice(0, 1024))
        : `To sign in, open ${verificationUri} in a browser and enter the code ${userCode}.`,
    expiresAt: Date.now() + Math.min(seconds(json.expires_in, 0) ?? defaultLifetime, longestLifetime) * 1000,
    // A fraction of a second would be a busy loop.
    interval: Math.min(seconds(json.interval, 1) ?? defaultInterval, longestInterval) * 1000,
    deviceCode: text('device_code', 16_384),
    ...kept,
  }
  if (json.verification_uri_complete !== undefined) flow.verificationUriComplete = address('verification_uri_complete')
  return flow
}

/** RFC 8628 section 3.4. MSALs also send the code under its old name. */
export const deviceCodeGrant = ({ deviceCode, scopes }: DeviceFlow, claims: string | undefined): Grant => ({
  type: 'urn:ietf:params:oauth:grant-type:device_code',
  fields: { device_code: deviceCode, code: deviceCode, claims },
  scopes,
  api: 622,
})

function seconds(value: unknown, least: number): number | undefined {
  const number = typeof value === 'string' && value ? Number(value) : value
  return typeof number === 'number' && number >= least && Number.isFinite(number) ? number : undefined
}
