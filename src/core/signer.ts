/** Signs what goes out and comes back, with a key that only this installation has. */
export interface Signer {
  /** 43 characters of base64url. */
  sign(text: string): string
  /** Takes the same time for every wrong signature. */
  verify(text: string, signature: string): boolean
}
