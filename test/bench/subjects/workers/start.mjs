/** The part that the Workers share: `/start` is answered without the library, `/token` with the token that it got. */
export const workerOf = (acquire) => ({
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/start') return new Response('hello')
    try {
      return new Response(await acquire(env))
    } catch (error) {
      return new Response(`${error?.name}: ${error?.errorCode ?? error?.code ?? ''} ${error?.message}`, { status: 500 })
    }
  },
})

/** The key of a PEM text, for libraries that take a `CryptoKey`. */
export function importKey(pem) {
  const der = Uint8Array.from(atob(pem.replace(/-----[^-]+-----|\s/g, '')), (character) => character.charCodeAt(0))
  return crypto.subtle.importKey('pkcs8', der, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
}
