/** Signs what goes out and comes back, with a key that only this installation has. */
export interface Signer {
  /** 43 characters of base64url. */
  sign(text: string): string
  /** Takes the same time for every wrong signature. */
  verify(text: string, signature: string): boolean
}

/** Makes texts that say nothing to who has no key, and comes back from them. */
export interface Sealer {
  seal(text: string, boundTo: string): string
  /** Throws when it was changed, or is bound to something else. */
  unseal(sealed: string, boundTo: string): string
}
