import { describe, expect, test } from 'vitest'
import type { Interaction, InteractionSession } from '../../src/core/index.ts'
import { loopback } from '../../src/node/loopback.ts'
import { type AnswerAt, type FakeAnswer, fakeInteraction, fakeProvider, interactionContract } from '../../src/testing/index.ts'

/** Goes where the provider sends a browser. */
const deliver = ({ url, method, parameters }: FakeAnswer) =>
  fetch(url, { method, ...(method === 'POST' && { body: new URLSearchParams(parameters) }) })

/** As simple as an interaction of a user's own can be. */
const plain =
  (changes: Partial<Interaction> | ((answerAt: AnswerAt) => Partial<InteractionSession>) = {}) =>
  (answerAt: AnswerAt): Interaction => ({
    responseModes: ['query', 'fragment'],
    begin: ({ signal }) => ({
      redirectUri: 'https://app.example/signed-in',
      authorize: async ({ url }) => {
        const answer = await answerAt(url)
        signal.throwIfAborted()
        return answer.url
      },
      close() {},
      ...(typeof changes === 'function' && changes(answerAt)),
    }),
    ...(typeof changes === 'object' && changes),
  })

const interactions: [string, (answerAt: AnswerAt) => Interaction][] = [
  ['an interaction of a user’s own', plain()],
  [
    'loopback',
    (answerAt) =>
      loopback({
        openBrowser: (url) =>
          void answerAt(url)
            .then(deliver)
            .catch(() => {}),
      }),
  ],
  // Its person is the provider's: the contract says whether there is one.
  [
    'fakeInteraction',
    (answerAt) => fakeInteraction(Object.assign(Object.create(fakeProvider()), { authorize: (url: string) => answerAt(url) })),
  ],
]

describe.each(interactions)('%s', (_name, open) => {
  for (const { name, run } of interactionContract(open)) test(name, run)
})

const session = (changes: (answerAt: AnswerAt) => Partial<InteractionSession>) => plain(changes)

/** Interactions that do one thing wrong, and the check that says so. */
const wrong: [string, (answerAt: AnswerAt) => Interaction][] = [
  ['it names the response modes', plain({ responseModes: [] })],
  ['it names the response modes', plain({ responseModes: ['query', 'query'] })],
  ['it names the response modes', plain({ responseModes: ['jwt' as 'query'] })],
  ['begin gives a session at once', plain({ begin: (async () => ({})) as never })],
  ['begin gives a session at once', session(() => ({ redirectUri: 'https://app.example/#here' }))],
  ['begin gives a session at once', session(() => ({ redirectUri: '/callback' }))],
  [
    'the provider’s answer comes through whole',
    session((answerAt) => ({ authorize: async ({ url }) => ({ ...(await answerAt(url)).parameters, extra: '1' }) })),
  ],
  [
    'the provider’s answer comes through whole',
    session((answerAt) => ({ authorize: async ({ url }) => (await answerAt(url)).url.replace('#', '?').replace(/&client_info.*/, '') })),
  ],
  [
    'a person signs in, and another one after them',
    (answerAt) => {
      let used = false
      return plain(() => ({
        authorize: async ({ url }) => {
          if (used) throw new Error('used')
          used = true
          return (await answerAt(url)).url
        },
      }))(answerAt)
    },
  ],
  [
    'a refusal of the provider reaches the caller',
    session((answerAt) => ({
      async authorize({ url }) {
        const { parameters, url: answer } = await answerAt(url)
        if (parameters.error) throw new Error(parameters.error)
        return answer
      },
    })),
  ],
  [
    'a session may be closed before anything was shown',
    (answerAt) => {
      let closed = false
      return plain(() => ({
        close() {
          closed = true
        },
        authorize: async ({ url }) => (closed ? Promise.reject(new Error('closed')) : (await answerAt(url)).url),
      }))(answerAt)
    },
  ],
  [
    'a sign-in that is given up leaves room for the next one',
    (answerAt) => {
      let busy: Promise<unknown> = Promise.resolve()
      return plain(() => ({
        async authorize({ url }) {
          await busy
          const answer = answerAt(url)
          busy = answer
          return (await answer).url
        },
      }))(answerAt)
    },
  ],
  ['a session that is closed answers no more', session((answerAt) => ({ authorize: async ({ url }) => (await answerAt(url)).url }))],
]

test.concurrent.each(wrong)('a wrong interaction fails: %s', { timeout: 15_000 }, async (name, open) => {
  const check = interactionContract(open).find((each) => each.name.startsWith(name))!
  await expect(check.run()).rejects.toThrow()
})
