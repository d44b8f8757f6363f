import { expect, it } from 'vitest'
import { AZURE_CHINA, AZURE_PUBLIC, AZURE_US_GOVERNMENT, cloudOf, isMicrosoftHost } from '../../../src/core/authority/clouds.ts'

it.each([
  [AZURE_PUBLIC, AZURE_PUBLIC],
  ['login.windows.net', AZURE_PUBLIC],
  ['login.microsoft.com', AZURE_PUBLIC],
  ['sts.windows.net', AZURE_PUBLIC],
  [AZURE_CHINA, AZURE_CHINA],
  ['login.partner.microsoftonline.cn', AZURE_CHINA],
  [AZURE_US_GOVERNMENT, AZURE_US_GOVERNMENT],
  ['login.usgovcloudapi.net', AZURE_US_GOVERNMENT],
  ['login.microsoftonline.de', 'login.microsoftonline.de'],
  ['login-us.microsoftonline.com', 'login-us.microsoftonline.com'],
])('%s belongs to the cloud of %s', (host, cloud) => {
  expect(isMicrosoftHost(host)).toBe(true)
  expect(cloudOf(host)).toBe(cloud)
})

it.each(['evil.example', 'login.microsoftonline.com.evil.example', 'evillogin.windows.net', 'toString', '__proto__', 'constructor', ''])(
  'S48: %s is no host of Microsoft and stands for itself',
  (host) => {
    expect(isMicrosoftHost(host)).toBe(false)
    expect(cloudOf(host)).toBe(host)
  },
)

it('the host names are the predefined ones of the manual', () => {
  expect([AZURE_PUBLIC, AZURE_US_GOVERNMENT, AZURE_CHINA]).toEqual([
    'login.microsoftonline.com',
    'login.microsoftonline.us',
    'login.chinacloudapi.cn',
  ])
})
