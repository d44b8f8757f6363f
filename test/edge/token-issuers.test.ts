import { describe, expect, it } from 'vitest'
import { AuthorityBuilder } from '../../src/core/authority/authority-builder.ts'
import { validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { authorities, claimsOf, contoso, fabrikam, microsoft, type SigningKey, sign, signingKey } from './token-support.ts'

const key = signingKey('one')
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'

type Documents = Record<string, Record<string, unknown>>

async function outcome(authority: string | URL, documents: Documents, claims: object, signer: SigningKey = key, ...keys: SigningKey[]) {
  const { fetch } = authorities(documents, ...(keys.length ? keys : [key]))
  const options = { audience: 'api://notes', authority, fetch }
  const result = await validateAccessToken(await sign(signer, claims), options).then(
    () => 'valid',
    ({ code }) => code as string,
  )
  return { result, asked: fetch.mock.calls.map(([url]) => String(url)) }
}

const result = async (...given: Parameters<typeof outcome>) => (await outcome(...given)).result

describe('S16: one tenant of Microsoft’s', () => {
  const documents = { [`${microsoft}/${contoso}/v2.0`]: {} }
  const byName = {
    [`${microsoft}/contoso.com/v2.0`]: { issuer: `${microsoft}/${contoso}/v2.0`, token_endpoint: `${microsoft}/${contoso}/token` },
  }

  it('issues tokens of version 1.0 and 2.0', async () => {
    expect(await result(`${microsoft}/${contoso}`, documents, claimsOf())).toBe('valid')
    expect(await result(`${microsoft}/${contoso}`, documents, claimsOf({ iss: `https://sts.windows.net/${contoso}/` }))).toBe('valid')
    for (const iss of [
      `https://sts.windows.net/${contoso}`,
      `https://sts.chinacloudapi.cn/${contoso}/`,
      `http://sts.windows.net/${contoso}/`,
    ])
      expect(await result(`${microsoft}/${contoso}`, documents, claimsOf({ iss }))).toBe('issuer_mismatch')
  })

  it('may be named by its domain, with a slash or a version at the end, by a URL or a builder', async () => {
    expect(await result(`${microsoft}/contoso.com`, byName, claimsOf())).toBe('valid')
    expect(await result(`${microsoft}/contoso.com`, byName, claimsOf({ iss: `${microsoft}/${fabrikam}/v2.0`, tid: fabrikam }))).toBe(
      'issuer_mismatch',
    )
    for (const authority of [`${microsoft}/${contoso}/`, `${microsoft}/${contoso}/v2.0`, `${microsoft}/${contoso}/v2.0/`])
      expect(await result(authority, documents, claimsOf())).toBe('valid')
    expect(await result(new URL(`${microsoft}/${contoso}`), documents, claimsOf())).toBe('valid')
    expect(await result(String(new AuthorityBuilder('login.microsoftonline.com', contoso)), documents, claimsOf())).toBe('valid')
  })

  it('of another cloud has its own old form', async () => {
    const china = {
      [`https://login.chinacloudapi.cn/${contoso}/v2.0`]: { issuer: `https://login.partner.microsoftonline.cn/${contoso}/v2.0` },
    }
    const authority = `https://login.chinacloudapi.cn/${contoso}`
    expect(await result(authority, china, claimsOf({ iss: `https://sts.chinacloudapi.cn/${contoso}/` }))).toBe('valid')
    expect(await result(authority, china, claimsOf({ iss: `https://login.partner.microsoftonline.cn/${contoso}/v2.0` }))).toBe('valid')
    expect(await result(authority, china, claimsOf({ iss: `https://sts.windows.net/${contoso}/` }))).toBe('issuer_mismatch')
  })
})

describe('S16: all tenants of Microsoft’s', () => {
  const documents = { [`${microsoft}/common/v2.0`]: { issuer: `${microsoft}/{tenantid}/v2.0` } }
  const common = `${microsoft}/common`

  it('each issues its own tokens', async () => {
    for (const tid of [contoso, fabrikam]) {
      expect(await result(common, documents, claimsOf({ tid, iss: `${microsoft}/${tid}/v2.0` }))).toBe('valid')
      expect(await result(common, documents, claimsOf({ tid, iss: `https://sts.windows.net/${tid}/` }))).toBe('valid')
    }
  })

  it.each([
    { iss: `${microsoft}/${contoso}/v2.0`, tid: fabrikam },
    { iss: `${microsoft}/${contoso}/v2.0`, tid: undefined },
    { iss: `https://sts.windows.net/${contoso}/`, tid: fabrikam },
    { iss: `${microsoft}/common/v2.0`, tid: 'common' },
    { iss: `${microsoft}/{tenantid}/v2.0`, tid: '{tenantid}' },
    { iss: `${microsoft}/${contoso}/evil/v2.0`, tid: `${contoso}/evil` },
    { iss: `https://evil.example/${contoso}/v2.0`, tid: contoso },
  ])('%j is refused', async (changes) => {
    expect(await result(common, documents, claimsOf(changes))).toBe('issuer_mismatch')
  })

  it('a key that belongs to one tenant signs for that one only', async () => {
    const personal = signingKey('personal', { issuer: `${microsoft}/${consumers}/v2.0` })
    const shared = signingKey('shared', { issuer: `${microsoft}/{tenantid}/v2.0` })
    const of = (tid: string, iss = `${microsoft}/${tid}/v2.0`) => claimsOf({ tid, iss })
    const keys = [personal, shared, key]
    expect(await result(common, documents, of(consumers), personal, ...keys)).toBe('valid')
    expect(await result(common, documents, of(contoso), shared, ...keys)).toBe('valid')
    expect(await result(common, documents, of(contoso), personal, ...keys)).toBe('issuer_mismatch')
    expect(await result(common, documents, of(contoso, `https://sts.windows.net/${contoso}/`), personal, ...keys)).toBe('issuer_mismatch')
    const nameless = { ...personal, jwk: { ...personal.jwk } }
    const { fetch } = authorities(documents, nameless)
    const token = await sign(personal, of(contoso), { kid: undefined })
    await expect(validateAccessToken(token, { audience: 'api://notes', authority: common, fetch })).rejects.toMatchObject({
      code: 'issuer_mismatch',
    })
  })
})

describe('other authorities', () => {
  it('an OpenID provider’s issuer is compared as it is', async () => {
    const realm = 'https://idp.example/realms/one'
    const claims = claimsOf({ iss: realm, tid: undefined })
    const good = await outcome(realm, { [realm]: {} }, claims)
    expect(good).toEqual({ result: 'valid', asked: [`${realm}/.well-known/openid-configuration`, `${realm}/keys`] })
    expect(await result('https://idp.example', { 'https://idp.example': {} }, { ...claims, iss: 'https://idp.example' })).toBe('valid')
    for (const iss of [`${realm}/`, 'https://idp.example/realms/two', 'https://idp.example', realm.toUpperCase()])
      expect(await result(realm, { [realm]: {} }, { ...claims, iss })).toBe('issuer_mismatch')
    expect(await result(realm, { [realm]: { issuer: 'https://evil.example' } }, claims)).toBe('metadata_invalid')
    expect(await result(realm, { [realm]: { jwks_uri: 'https://169.254.169.254/keys' } }, claims)).toBe('metadata_invalid')
    expect(await result(realm, { [realm]: { jwks_uri: undefined } }, claims)).toBe('endpoint_missing')
    expect(await result(realm, {}, claims)).toBe('metadata_invalid')
  })

  it('an issuer with a key’s owner of its own kind is no tenant', async () => {
    const realm = 'https://idp.example/realms/one'
    const owned = signingKey('owned', { issuer: realm })
    expect(await result(realm, { [realm]: {} }, claimsOf({ iss: realm, tid: undefined }), owned, owned)).toBe('valid')
  })

  it('a private address has to be named, where a provider has its endpoints', async () => {
    const realm = 'https://idp.example'
    const { fetch } = authorities({ [realm]: { jwks_uri: 'https://10.0.0.7/keys' } }, key)
    const token = await sign(key, claimsOf({ iss: realm }))
    const options = { audience: 'api://notes', authority: realm, fetch }
    await expect(validateAccessToken(token, options)).rejects.toMatchObject({ code: 'metadata_invalid' })
    await validateAccessToken(token, { ...options, knownAuthorities: ['10.0.0.7'] })
    const { fetch: google } = authorities({ [realm]: { jwks_uri: 'https://keys.elsewhere.org/keys' } }, key)
    await validateAccessToken(token, { ...options, fetch: google })
  })

  it('a private cloud speaks as Microsoft’s does', async () => {
    const cloud = 'https://login.private.example'
    const documents = { [`${cloud}/${contoso}/v2.0`]: {} }
    const claims = claimsOf({ iss: `${cloud}/${contoso}/v2.0` })
    expect(await result(`${cloud}/${contoso}`, documents, claims)).toBe('valid')
    expect(await result(`${cloud}/${contoso}/v2.0`, documents, claims)).toBe('valid')
    expect(await result(`${cloud}/${contoso}`, documents, { ...claims, iss: `https://sts.windows.net/${contoso}/` })).toBe(
      'issuer_mismatch',
    )
    expect(await result(`${cloud}/${contoso}`, documents, { ...claims, tid: fabrikam })).toBe('issuer_mismatch')
  })

  it('B2C, CIAM and ADFS name the issuer of their document', async () => {
    const b2c = 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin'
    const b2cIssuer = `https://contoso.b2clogin.com/${contoso}/v2.0/`
    expect(await result(b2c, { [`${b2c}/v2.0`]: { issuer: b2cIssuer } }, claimsOf({ iss: b2cIssuer, tid: undefined }))).toBe('valid')
    expect(await result(b2c, { [`${b2c}/v2.0`]: { issuer: b2cIssuer } }, claimsOf())).toBe('issuer_mismatch')

    const ciam = 'https://contoso.ciamlogin.com'
    const ciamIssuer = `https://${contoso}.ciamlogin.com/${contoso}/v2.0`
    const ciamDocument = { issuer: ciamIssuer, token_endpoint: `${ciam}/${contoso}/token` }
    expect(await result(ciam, { [`${ciam}/contoso.onmicrosoft.com/v2.0`]: ciamDocument }, claimsOf({ iss: ciamIssuer }))).toBe('valid')

    const adfs = 'https://sts.company.example/adfs'
    const trust = 'http://sts.company.example/adfs/services/trust'
    const adfsClaims = claimsOf({ iss: trust, tid: undefined, azp: undefined, appid: 'client' })
    expect(await result(adfs, { [adfs]: { access_token_issuer: trust } }, adfsClaims)).toBe('valid')
    expect(await result(adfs, { [adfs]: {} }, adfsClaims)).toBe('issuer_mismatch')
    expect(await result('https://idp.example', { 'https://idp.example': { access_token_issuer: trust } }, adfsClaims)).toBe(
      'issuer_mismatch',
    )
  })
})
