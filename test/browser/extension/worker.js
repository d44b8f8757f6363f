import * as core from 'msal-isomorphic'
import * as browser from 'msal-isomorphic/browser'
import { cacheStoreContract } from 'msal-isomorphic/testing'
import * as auth from './auth.js'

Object.assign(globalThis, { library: { ...core, ...browser, ...auth, cacheStoreContract } })
