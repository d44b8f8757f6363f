import type { RequestOptions } from '../types.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { beginCall, type Call, type ClientContext, contextOf, type Person } from './context.ts'

/** Runs a method that is about persons. */
export function withPerson<Result>(
  client: object,
  work: (person: Person, context: ClientContext) => Result | Promise<Result>,
): Promise<Result> {
  return guarded(() => {
    const context = contextOf(client)
    const person = context.person!
    return typeof person === 'function' ? loaded(person()).then((part) => work(part, context)) : work(person, context)
  })
}

/** Runs a method whose work is in a part that loads when it is first needed. */
export function perform<Part, Result>(
  client: object,
  options: RequestOptions,
  load: () => Promise<Part>,
  work: (part: Part, context: ClientContext, call: Call) => Promise<Result>,
): Promise<Result> {
  return withPerson(client, async ({ checkExtraParameters }, context) => {
    checkExtraParameters(options)
    const call = beginCall(context, options)
    return work(await loaded(load()), context, call)
  })
}
