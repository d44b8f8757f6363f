import type { RequestOptions } from '../options.ts'
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

/** Runs a method that is the function of that name in a part which loads when it is first needed. */
export function perform<Options extends RequestOptions, Name extends string, Result>(
  client: object,
  options: Options,
  load: () => Promise<Record<NoInfer<Name>, (context: ClientContext, options: Options, call: Call) => Promise<Result>>>,
  name: Name,
): Promise<Result> {
  return withPerson(client, async ({ checkExtraParameters }, context) => {
    checkExtraParameters(options)
    const call = beginCall(context, options)
    const part = await loaded(load())
    return part[name](context, options, call)
  })
}
