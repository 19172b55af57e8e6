import type { Clients } from './clients.ts'
import type { Line } from './table.ts'

/** Active customers with their e-mail addresses; other fields, or other relations, would be errors of the compiler. */
export async function listCustomers({ rest }: Clients): Promise<Line[]> {
  const { data, error } = await rest
    .from('customers')
    .select('title, credit, emails(address)')
    .eq('status', 'active')
    .order('title')
    .limit(20)
  if (error) throw new Error(error.message)
  return data.map(({ title, credit, emails }) => ({
    title,
    more: emails?.address ?? 'no e-mail address',
    end: credit.toFixed(2),
  }))
}

export async function addCustomer({ rest }: Clients, title: string): Promise<void> {
  const { error } = await rest.from('customers').insert({ title, status: 'active' })
  if (error) throw new Error(error.message)
}
