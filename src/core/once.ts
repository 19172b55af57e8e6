/** Makes it when it is first asked for; the same from then on, to whoever asks. */
export function once<Result>(make: () => Result): () => Result {
  let made: Result | undefined
  return () => {
    made ??= make()
    return made
  }
}
