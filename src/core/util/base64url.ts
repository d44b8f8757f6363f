/** The bytes of base64url or base64, with any amount of padding or none. Throws on anything else; the error does not quote the text. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  let end = text.length
  while (text[end - 1] === '=') end--
  const binary = atob(text.slice(0, end).replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** The text whose UTF-8 bytes are given as base64url. Throws where they are not UTF-8. */
export function decodeBase64UrlText(text: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(decodeBase64Url(text))
}
