import { ConfidentialClientApplication } from 'msal-isomorphic'
import { workerOf } from './start.mjs'

export default workerOf(async ({ clientId, authority, scopes, privateKey, thumbprint }) => {
  const app = new ConfidentialClientApplication({ clientId, authority, clientCredential: { privateKey, thumbprint } })
  return (await app.acquireTokenForClient({ scopes })).accessToken
})
