import { clientCredentialsGrant, discovery, PrivateKeyJwt } from 'openid-client'
import { importKey, workerOf } from './start.mjs'

export default workerOf(async ({ clientId, authority, scopes, privateKey }) => {
  const authentication = PrivateKeyJwt({ key: await importKey(privateKey), kid: 'a-key' })
  const configuration = await discovery(new URL(`${authority}/v2.0`), clientId, undefined, authentication)
  return (await clientCredentialsGrant(configuration, { scope: scopes[0] })).access_token
})
