import { ConfidentialClientApplication } from '@azure/msal-node'
import { workerOf } from './start.mjs'

export default workerOf(async ({ clientId, authority, scopes }) => {
  const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret: 'a-secret' } })
  return (await app.acquireTokenByClientCredential({ scopes })).accessToken
})
