// Sign-in by code alone: discovery, the address to go to, and the exchange. There is no cache, no renewal and no window.
import {
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  discoveryRequest,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  validateAuthResponse,
} from 'oauth4webapi'

const issuer = new URL('https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555/v2.0')
const client = { client_id: '11111111-2222-3333-4444-555555555555' }
const discover = async () => processDiscoveryResponse(issuer, await discoveryRequest(issuer))

export async function begin(redirectUri, scope) {
  const [server, verifier, state, nonce] = [await discover(), generateRandomCodeVerifier(), generateRandomState(), generateRandomNonce()]
  const url = new URL(server.authorization_endpoint)
  const challenge = { code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
  const parameters = { ...client, response_type: 'code', redirect_uri: redirectUri, scope, state, nonce, ...challenge }
  url.search = String(new URLSearchParams(parameters))
  return { url: url.href, verifier, state, nonce, redirectUri }
}

export async function finish({ verifier, state, nonce, redirectUri }, address) {
  const server = await discover()
  const answer = validateAuthResponse(server, client, new URL(address), state)
  const response = await authorizationCodeGrantRequest(server, client, None(), answer, redirectUri, verifier)
  const tokens = await processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true })
  return { tokens, claims: getValidatedIdTokenClaims(tokens) }
}
