/** One way to get a token, on the wire. */
export interface Grant {
  /** `grant_type`. */
  type: string
  /** The other form fields; empty ones are left out. */
  fields: Record<string, string | undefined>
  /** The scopes that the tokens are filed under where the answer names none. */
  scopes: readonly string[]
  /** Numbers of the provider's telemetry: the method, and why it asks. */
  api: number
  reason?: number
  /** `X-AnchorMailbox`: routes the request to where the person's data is. */
  anchor?: string | undefined
  /** `invalid_grant` means that the person has to sign in again. */
  needsPerson?: boolean
}
