/** A Worker that reads a blob with the Azure SDK. */
import { BlobServiceClient } from '@azure/storage-blob'
import { toTokenCredential } from '../../../src/azure/index.ts'
import { ConfidentialClientApplication } from '../../../src/core/index.ts'

interface Environment {
  AUTHORITY: string
  CLIENT_ID: string
  SECRET: string
}

let app: ConfidentialClientApplication | undefined

export default {
  async fetch(_request: Request, { AUTHORITY: authority, CLIENT_ID: clientId, SECRET: clientCredential }: Environment): Promise<Response> {
    app ??= new ConfidentialClientApplication({
      clientId,
      clientCredential,
      authority,
      validateAuthority: false,
      clientCapabilities: ['CP1'],
    })
    const blobs = new BlobServiceClient('https://contoso.blob.core.windows.net', toTokenCredential(app), { retryOptions: { maxTries: 1 } })
    try {
      const answer = await blobs.getContainerClient('notes').getBlobClient('today.txt').download()
      return new Response(await answer.blobBody)
    } catch (error) {
      return new Response(String((error as Error).stack), { status: 500 })
    }
  },
}
