/**
 * For each requirement at least one line that, changed so, must make a test of that requirement fail. `npm run prove` tries them;
 * test/package/requirements.test.ts sees to it that the texts are still there.
 *
 * `find` is there exactly once in `file`; `test` is the file of which a test with the number in its name must notice. `build`: that test
 * runs on the built package.
 *
 * @typedef {{ id: string, file: string, find: string, replace: string, test: string, build?: true }} Break
 */
import cache from './breaks/cache.mjs'
import network from './breaks/network.mjs'
import pages from './breaks/pages.mjs'
import people from './breaks/people.mjs'
import refresh from './breaks/refresh.mjs'
import service from './breaks/service.mjs'
import signIn from './breaks/sign-in.mjs'
import tokens from './breaks/tokens.mjs'

/** The requirements without a break. @type {Record<string, string>} */
export const unbroken = {
  S66: 'It does not apply.',
  S78: 'It is measured: a line that is slower by half breaks nothing.',
}

/** @type {Break[]} */
export const breaks = [...signIn, ...tokens, ...refresh, ...network, ...cache, ...pages, ...people, ...service]
