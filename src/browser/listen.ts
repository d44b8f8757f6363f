import { channelOf, read, taken } from './answer.ts'

/** Waits for the answer with a state, wherever on this origin it arrives. What else is said on the channel means nothing. */
export function listen(state: string, hear: (url: string) => void): () => void {
  const channel = channelOf(state)
  channel.onmessage = ({ data }) => {
    if (answers(data, state)) {
      channel.postMessage(taken)
      hear(data)
    }
  }
  return () => channel.close()
}

/** Whether something is an address that holds the answer with a state. */
export const answers = (url: unknown, state: string): url is string =>
  typeof url === 'string' && URL.canParse(url) && read(new URL(url))?.state === state
