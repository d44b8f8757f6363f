import { ConfidentialClientApplication } from '@azure/msal-node'
import { workerOf } from './start.mjs'

export default workerOf(async ({ clientId, authority, scopes, privateKey, thumbprintSha256 }) => {
  const clientCertificate = { privateKey, thumbprintSha256 }
  const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientCertificate } })
  return (await app.acquireTokenByClientCredential({ scopes })).accessToken
})
