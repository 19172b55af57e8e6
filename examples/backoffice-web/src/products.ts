import type { Clients } from './clients.ts'
import type { Line } from './table.ts'

/** Active products of which there are few. */
export async function listScarce(
  { products }: Clients,
  below: number,
  afterwards: () => Promise<void>,
): Promise<Line[]> {
  const { data, error } = await products.GET('/products', {
    params: { query: { stock: `lt.${below}`, active: 'is.true', order: 'stock,sku', limit: 20 } },
  })
  if (error) throw new Error(error.message)
  return data.map(({ id, title, sku, stock }) => ({
    title,
    more: sku,
    end: `${stock} left`,
    button: {
      label: 'Order 10',
      press: async () => {
        const ordered = await products.PATCH('/products', {
          params: { query: { id: `eq.${id}` } },
          body: { stock: stock + 10 },
        })
        if (ordered.error) throw new Error(ordered.error.message)
        await afterwards()
      },
    },
  }))
}
