import type { RequestOptions } from '../types.ts'
import { guarded } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { beginCall, type Call, type ClientContext, contextOf } from './context.ts'
import { checkExtraParameters } from './extra-parameters.ts'

/** Runs a method whose work is in a part that loads when it is first needed. */
export function perform<Part, Result>(
  client: object,
  options: RequestOptions,
  load: () => Promise<Part>,
  work: (part: Part, context: ClientContext, call: Call) => Promise<Result>,
): Promise<Result> {
  return guarded(async () => {
    checkExtraParameters(options)
    const context = contextOf(client)
    const call = beginCall(context, options)
    return work(await loaded(load()), context, call)
  })
}
