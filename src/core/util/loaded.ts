import { NetworkError } from '../errors.ts'

/** Waits for a part of this library that is loaded when it is needed. */
export async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part
  } catch {
    throw new NetworkError('unreachable', 'A part of this library did not load.')
  }
}
