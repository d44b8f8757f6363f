import type { Http } from '../http/document.ts'
import { environmentVariable } from '../platform.ts'
import type { Authority } from './authority.ts'
import { AZURE_PUBLIC } from './clouds.ts'
import { isRegion } from './region-name.ts'

const instanceMetadata = 'http://169.254.169.254/metadata/instance/compute/location?format=text&api-version=2021-01-01'
/** Milliseconds. The address answers at once on a machine in Azure, and mostly not at all elsewhere. */
const patience = 2_000

/** The region of the Azure machine that this runs on, by `REGION_NAME` or by its instance metadata; undefined where there is no telling. */
export async function detectRegion({ send }: Http): Promise<string | undefined> {
  const named = environmentVariable('REGION_NAME')?.replaceAll(' ', '').toLowerCase()
  if (named && isRegion(named)) return named
  try {
    const answer = await send({ method: 'GET', url: instanceMetadata, headers: { metadata: 'true' }, timeout: patience, maxBytes: 1024 })
    const region = answer.body.trim().toLowerCase()
    return answer.status === 200 && isRegion(region) ? region : undefined
  } catch {
    return undefined
  }
}

/** The authority's endpoints in a region. The central host has vouched for the tenant, and goes on naming the tokens. */
export function inRegion(authority: Authority, region: string): Authority {
  const url = new URL(authority.discoveryUrl)
  url.hostname = authority.cloud === AZURE_PUBLIC ? `${region}.login.microsoft.com` : `${region}.${authority.host}`
  return { ...authority, discoveryUrl: url.href, trusted: true, knownHosts: [...authority.knownHosts, url.host] }
}
