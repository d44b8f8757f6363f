import { ClientConfigurationError } from '../errors.ts'
import type { RequestOptions } from '../options.ts'

const protocolFields =
  /^(client_(id|secret|assertion(_type)?|info)|grant_type|scope|claims|redirect_uri|response_(type|mode)|state|nonce|code(_\w+)?|refresh_token|(user_)?assertion|username|password|device_code|request(_uri|ed_token_use)?|prompt|max_age|(login|domain)_hint)$/i

/** Refuses extra parameters that would stand for a protocol parameter. */
export function checkExtraParameters({ extraQueryParameters = {}, extraBodyParameters = {} }: RequestOptions): void {
  const name = Object.keys({ ...extraQueryParameters, ...extraBodyParameters }).find((key) => protocolFields.test(key))
  if (name) throw new ClientConfigurationError('invalid_argument', `${name} cannot be an extra parameter.`)
}
