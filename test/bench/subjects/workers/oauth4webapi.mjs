import {
  clientCredentialsGrantRequest,
  discoveryRequest,
  PrivateKeyJwt,
  processClientCredentialsResponse,
  processDiscoveryResponse,
} from 'oauth4webapi'
import { importKey, workerOf } from './start.mjs'

export default workerOf(async ({ clientId, authority, scopes, privateKey }) => {
  const issuer = new URL(`${authority}/v2.0`)
  const server = await processDiscoveryResponse(issuer, await discoveryRequest(issuer))
  const client = { client_id: clientId }
  const authentication = PrivateKeyJwt({ key: await importKey(privateKey), kid: 'a-key' })
  const response = await clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams({ scope: scopes[0] }))
  return (await processClientCredentialsResponse(server, client, response)).access_token
})
