/**
 * Keys that a person can read: kind and number, `00000000-0000-7000-8000-c00000000001` is customer 1. Acme and Globex
 * use the same ones for different rows, which shows that a key means nothing outside its tenant.
 */
const kinds = {
  address: 'a',
  email: 'e',
  phone: 'f',
  customer: 'c',
  product: 'b',
  invoice: 'd',
  lineItem: '1',
} as const

export function idOf(kind: keyof typeof kinds, number: number): string {
  return `00000000-0000-7000-8000-${kinds[kind]}${String(number).padStart(11, '0')}`
}
