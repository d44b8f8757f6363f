/** Host of the public cloud. */
export const AZURE_PUBLIC = 'login.microsoftonline.com'
/** Host of the US Government cloud. */
export const AZURE_US_GOVERNMENT = 'login.microsoftonline.us'
/** Host of the cloud in China. */
export const AZURE_CHINA = 'login.chinacloudapi.cn'

/** For `azureRegion`: the region of the Azure machine that the program runs on. */
export const ATTEMPT_REGION_DISCOVERY = true

const germany = 'login.microsoftonline.de'
const usPublic = 'login-us.microsoftonline.com'

/** Every host of the Microsoft identity platform, with the one that stands for its cloud: aliases share tokens and accounts. */
const cloudOfHost: Record<string, string> = {
  [AZURE_PUBLIC]: AZURE_PUBLIC,
  'login.windows.net': AZURE_PUBLIC,
  'login.microsoft.com': AZURE_PUBLIC,
  'sts.windows.net': AZURE_PUBLIC,
  [AZURE_US_GOVERNMENT]: AZURE_US_GOVERNMENT,
  'login.usgovcloudapi.net': AZURE_US_GOVERNMENT,
  [AZURE_CHINA]: AZURE_CHINA,
  'login.partner.microsoftonline.cn': AZURE_CHINA,
  [germany]: germany,
  [usPublic]: usPublic,
}

export const isMicrosoftHost = (host: string): boolean => Object.hasOwn(cloudOfHost, host)

/** The host that stands for a host's cloud; itself where it belongs to none. */
export const cloudOf = (host: string): string => (isMicrosoftHost(host) ? cloudOfHost[host]! : host)
