import { parseXml, type XmlElement, type XmlNode } from '@rgrove/parse-xml'
import { NetworkError } from '../../errors.ts'
import type { HttpAnswer } from '../../http/http-client.ts'

export type { XmlElement }

/** What is read here nests a dozen levels; walking deeper ones could overflow the stack. */
const deepest = 64

/** Gives the root of an XML answer to a reader. Whatever is wrong with the document is `bad_response`; its text is in no error. */
export function readXml<T>({ body, status }: HttpAnswer, correlationId: string | undefined, read: (root: XmlElement) => T): T {
  try {
    // Of equal length, so that positions still hold: the parser would copy the text once for each line end of this kind.
    const document = parseXml(body.replaceAll('\r', ' '), { includeOffsets: true, preserveDocumentType: true })
    const { root, children } = document
    if (!root || children.some(({ type }) => type === 'doctype')) throw new SyntaxError()
    checkDepth(root, deepest)
    return read(root)
  } catch {
    throw new NetworkError('bad_response', `The answer with status ${status} is not the XML that was asked for.`, { correlationId, status })
  }
}

function checkDepth(element: XmlElement, levels: number): void {
  if (!levels) throw new RangeError()
  for (const child of elements(element)) checkDepth(child, levels - 1)
}

export const elements = ({ children }: XmlElement): XmlElement[] => children.filter(isElement)

const isElement = (node: XmlNode): node is XmlElement => node.type === 'element'

/** The elements at the end of a path. A step is a local name, or `{namespace}name`. */
export const find = (start: XmlElement, ...path: readonly string[]): XmlElement[] =>
  path.reduce((found, step) => found.flatMap(elements).filter((element) => isNamed(element, step)), [start])

/** Whether an element of that name is anywhere below. */
export const holds = (element: XmlElement, name: string): boolean =>
  elements(element).some((child) => isNamed(child, name) || holds(child, name))

function isNamed(element: XmlElement, step: string): boolean {
  const [prefix, local] = split(element.name)
  return step === local || (step.endsWith(`}${local}`) && step === `{${namespaceOf(element, prefix)}}${local}`)
}

/** The value of an attribute, by its qualified name. */
export const attribute = (element: XmlElement, namespace: string, name: string): string | undefined =>
  Object.entries(element.attributes).find(([key]) => {
    const [prefix, local] = split(key)
    return local === name && prefix && namespaceOf(element, prefix) === namespace
  })?.[1]

/** The namespace that a prefix stands for in an element (Namespaces in XML 1.0); empty for none. */
export function namespaceOf(element: XmlElement, prefix = split(element.name)[0]): string {
  const declaration = prefix ? `xmlns:${prefix}` : 'xmlns'
  for (let node: XmlNode | null = element; node && isElement(node); node = node.parent) {
    const namespace = node.attributes[declaration]
    if (namespace !== undefined) return namespace
  }
  return ''
}

export function split(name: string): [prefix: string, local: string] {
  const colon = name.indexOf(':')
  return [name.slice(0, Math.max(0, colon)), name.slice(colon + 1)]
}
