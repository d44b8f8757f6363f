// What a page loads, and what Vercel's runtime evaluates: a function that runs the suite.
import { runSuite } from '../suite/index.js'

const rejections = []
addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)))

globalThis.runSuite = async (helperUrl) => JSON.stringify(await runSuite(helperUrl, rejections))
