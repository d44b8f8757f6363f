/** Starts a Worker in an isolate of its own for each number that is asked for, and hands the request on. */
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const name = searchParams.get('worker')
    // So that the provider is no part of what is measured.
    if (!name) return env.PROVIDER.fetch('https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration')
    const { modules, flags } = env.BUNDLES[name]
    const worker = env.LOADER.get(`${name} ${searchParams.get('number')}`, () => ({
      compatibilityDate: env.DATE,
      compatibilityFlags: flags,
      mainModule: 'main.js',
      modules,
      env: env.SETTINGS,
      globalOutbound: env.PROVIDER,
    }))
    return worker.getEntrypoint().fetch(`https://worker.example${pathname}`)
  },
}
