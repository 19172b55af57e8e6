/** Keys of a tenant's customers, as its server answers them. */
export async function someIds(port: number, tenant: string, token: string, count: number): Promise<string[]> {
  const answer = await fetch(
    `http://127.0.0.1:${port}/${tenant}/customers/v1/customers?select=id&order=id&offset=50&limit=${count}`,
    { headers: { authorization: `Bearer ${token}` } },
  )
  return ((await answer.json()) as { id: string }[]).map(({ id }) => id)
}
