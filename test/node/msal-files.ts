export const environment = 'login.microsoftonline.com'
export const client_id = 'b0b5f7b0-0000-4000-8000-000000000001'
export const tenant = '11111111-2222-3333-4444-555555555555'

/** As MSAL Python writes it: a user, the application's own token, and a field that only Python has. */
export const python = {
  AccessToken: {
    [`uid.${tenant}-${environment}-accesstoken-${client_id}-${tenant}-user.read`]: {
      credential_type: 'AccessToken',
      secret: 'user-token',
      home_account_id: `uid.${tenant}`,
      environment,
      client_id,
      target: 'User.Read profile openid',
      realm: tenant,
      token_type: 'Bearer',
      cached_at: '1700000000',
      expires_on: '1700003600',
      extended_expires_on: '1700003600',
    },
    [`-${environment}-accesstoken-${client_id}-contoso.com-https://graph.microsoft.com/.default`]: {
      credential_type: 'AccessToken',
      secret: 'app-token',
      home_account_id: null,
      environment,
      client_id,
      target: 'https://graph.microsoft.com/.default',
      realm: 'contoso.com',
      token_type: 'Bearer',
      cached_at: '1700000000',
      expires_on: '1700003600',
    },
  },
  Account: {
    [`uid.${tenant}-${environment}-${tenant}`]: {
      home_account_id: `uid.${tenant}`,
      environment,
      realm: tenant,
      local_account_id: 'uid',
      username: 'person@contoso.com',
      authority_type: 'MSSTS',
      account_source: 'authorization_code',
    },
  },
  IdToken: {
    [`uid.${tenant}-${environment}-idtoken-${client_id}-${tenant}-`]: {
      credential_type: 'IdToken',
      secret: `e30.${btoa('{"oid":"uid","preferred_username":"person@contoso.com"}').replaceAll('=', '')}.x`,
      home_account_id: `uid.${tenant}`,
      environment,
      realm: tenant,
      client_id,
    },
  },
  RefreshToken: {
    [`uid.${tenant}-${environment}-refreshtoken-${client_id}--user.read`]: {
      credential_type: 'RefreshToken',
      secret: 'refresh-token',
      home_account_id: `uid.${tenant}`,
      environment,
      client_id,
      target: 'User.Read',
      last_modification_time: '1700000000',
    },
  },
  AppMetadata: {
    [`appmetadata-${environment}-${client_id}`]: { client_id, environment, family_id: null },
    [`appmetadata-${environment}-another`]: { client_id: 'another', environment, family_id: '1' },
  },
}

/** As MSAL Node writes it: under another alias, with fields and a spelling of its own. */
export const node = {
  Account: {
    [`uid.${tenant}-login.windows.net-${tenant}`]: {
      home_account_id: `uid.${tenant}`,
      environment: 'login.windows.net',
      realm: tenant,
      local_account_id: 'uid',
      username: 'person@contoso.com',
      authority_type: 'MSSTS',
      tenantProfiles: [`{"tenantId":"${tenant}","isHomeTenant":true}`],
    },
  },
  IdToken: {},
  AccessToken: {
    [`uid.${tenant}-login.windows.net-accesstoken-${client_id}-${tenant}-user.read--`]: {
      home_account_id: `uid.${tenant}`,
      environment: 'login.windows.net',
      credential_type: 'AccessToken',
      client_id,
      secret: 'on-behalf-of-token',
      realm: tenant,
      target: 'User.Read',
      cached_at: '1700000000',
      expires_on: '1700003600',
      userAssertionHash: 'assertion-hash',
    },
  },
  RefreshToken: {},
  AppMetadata: {},
}
