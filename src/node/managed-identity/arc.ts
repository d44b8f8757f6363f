import { ClientConfigurationError, NetworkError } from '../../core/index.ts'
import type { Bounds, HttpAnswer, Send } from './core-requests.ts'
import type { Machine } from './machine.ts'
import type { SourceRequest } from './sources.ts'

const largestKey = 4096

/**
 * Asks the agent of Azure Arc, which proves that the caller may read a protected file: its first answer names the file, the second request
 * brings the content.
 */
export async function askArc(machine: Machine, send: Send, request: SourceRequest, exchange: () => Bounds): Promise<HttpAnswer> {
  const folder = keyFolder(machine)
  const bounds = exchange()
  const first = await send({ ...request, ...bounds })
  if (first.status >= 400 && first.status !== 401) return first
  const name = keyName(first, bounds.correlationId)
  const key = await readKey(machine, `${folder}${name}`)
  request.secrets.push(key)
  return send({ ...request, headers: { ...request.headers, Authorization: `Basic ${key}` }, ...exchange() })
}

/** The only folder that keys are read from. */
function keyFolder({ platform, env }: Machine): string {
  if (platform === 'linux') return '/var/opt/azcmagent/tokens/'
  const data = env('ProgramData')
  if (platform === 'win32' && data) return `${data}\\AzureConnectedMachineAgent\\Tokens\\`
  throw new ClientConfigurationError('environment_unsupported', 'Managed identities of Azure Arc exist on Linux and Windows only.')
}

/** The name of the key's file. Whatever folder the challenge names does not count. */
function keyName({ status, headers }: HttpAnswer, correlationId: string | undefined): string {
  const [, , path] = /^basic +realm=("?)([^="]+)\1$/i.exec(headers.get('www-authenticate') ?? '') ?? []
  const name = path?.split(/[\\/]/).at(-1) ?? ''
  if (status !== 401 || !/^[\w-][\w.-]*\.key$/.test(name)) {
    throw new NetworkError('bad_response', 'The agent of Azure Arc gave no challenge that names a key file.', { correlationId, status })
  }
  return name
}

async function readKey({ fs }: Machine, path: string): Promise<string> {
  let key = ''
  try {
    // Neither a link to some other file nor a pipe that never ends.
    const found = await fs.lstat(path)
    if (found.isFile() && found.size <= largestKey) key = await fs.readFile(path, 'utf8')
  } catch (error) {
    const { code } = Object(error) as { code?: unknown }
    const message = 'The key file of Azure Arc cannot be read. The process must belong to the group himds, or be an administrator.'
    throw new ClientConfigurationError('credential_invalid', message, { cause: new Error(String(code)) })
  }
  const trimmed = key.trim()
  if (key.length > largestKey || !/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new ClientConfigurationError('credential_invalid', `The key file of Azure Arc is no text file of at most ${largestKey} bytes.`)
  }
  return trimmed
}
