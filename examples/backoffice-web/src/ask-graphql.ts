import type { TypedDocumentString } from './generated/graphql.ts'

interface Answer<Result> {
  readonly data?: Result | null
  readonly errors?: readonly { readonly message: string }[]
}

/** What a typed document asks for. Any GraphQL client takes such documents; this is the least that one has to do. */
export async function askGraphql<Result, Variables>(
  { url, headers }: { url: string; headers: Readonly<Record<string, string>> },
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: document.toString(), variables }),
  })
  const { data, errors = [] }: Answer<Result> = await response.json()
  if (data && errors.length === 0) return data
  throw new Error(errors[0]?.message ?? `The server answered ${response.status}`)
}
