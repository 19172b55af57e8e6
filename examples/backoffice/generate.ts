import { base, en, Faker } from '@faker-js/faker'
import { type Insert, type Seed, seed } from 'tenantry'
import { customers } from './modules/customers/v1/customer.ts'
import { invoices } from './modules/invoices/v1/invoice.ts'
import { lineItems } from './modules/invoices/v1/line-item.ts'
import { products } from './modules/products/v1/product.ts'
import { addresses } from './modules/shared/v1/address.ts'
import { emails } from './modules/shared/v1/email.ts'
import { phones } from './modules/shared/v1/phone.ts'

const batchSize = 500
/** Fixed, so that the same seed gives the same rows on every day. */
const period = { from: '2024-01-01T00:00:00Z', to: '2026-06-30T00:00:00Z' }

/** Parts of the whole; line items take what is left, about two for each invoice. */
const shares = { addresses: 0.07, emails: 0.08, phones: 0.06, customers: 0.08, products: 0.05, invoices: 0.2 } as const

/**
 * About a tenant's worth of rows for every entity, in batches and in an order in which they can be inserted; the same
 * for the same `seedNumber`. `rows` in all, but at least one of each entity. Keys repeat only with the seed number.
 */
export function* generateRows(seedNumber: number, rows: number): Generator<Seed, void, undefined> {
  const faker = new Faker({ locale: [en, base], seed: seedNumber })
  const counts = countsOf(rows)
  const addressRows = times(counts.addresses, () => addressOf(faker))
  const emailRows = times(counts.emails, index => emailOf(faker, index))
  const phoneRows = times(counts.phones, () => phoneOf(faker))
  const customerRows = times(counts.customers, index =>
    customerOf(faker, emailRows[index]?.id, pick(faker, addressRows).id, pick(faker, phoneRows).id),
  )
  const productRows = times(counts.products, index => productOf(faker, index))
  for (const batch of batches(addressRows)) yield seed(addresses, batch)
  for (const batch of batches(emailRows)) yield seed(emails, batch)
  for (const batch of batches(phoneRows)) yield seed(phones, batch)
  for (const batch of batches(customerRows)) yield seed(customers, batch)
  for (const batch of batches(productRows)) yield seed(products, batch)

  let linesLeft = counts.lineItems
  for (let done = 0; done < counts.invoices; done += batchSize) {
    const invoiceRows: Insert<typeof invoices>[] = []
    const lineRows: Insert<typeof lineItems>[] = []
    for (let index = done; index < Math.min(done + batchSize, counts.invoices); index++) {
      const lines = linesOf(faker, linesLeft, counts.invoices - index)
      linesLeft -= lines
      const invoice = invoiceOf(faker, index, pick(faker, customerRows).id)
      const own = times(lines, position => lineOf(faker, invoice.id, position + 1, pick(faker, productRows)))
      invoiceRows.push({ ...invoice, total: totalOf(own) })
      lineRows.push(...own)
    }
    yield seed(invoices, invoiceRows)
    for (const batch of batches(lineRows)) yield seed(lineItems, batch)
  }
}

function countsOf(rows: number) {
  const part = (share: number) => Math.max(1, Math.floor(rows * share))
  const counts = {
    addresses: part(shares.addresses),
    emails: part(shares.emails),
    phones: part(shares.phones),
    customers: part(shares.customers),
    products: part(shares.products),
    invoices: part(shares.invoices),
  }
  const used = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return { ...counts, lineItems: Math.max(counts.invoices, rows - used) }
}

/** How many lines the next invoice has, so that each of those left gets one at least and the last takes the rest. */
function linesOf(faker: Faker, linesLeft: number, invoicesLeft: number): number {
  if (invoicesLeft === 1) return linesLeft
  const average = linesLeft / invoicesLeft
  const most = Math.min(linesLeft - invoicesLeft + 1, Math.max(1, Math.round(2 * average - 1)))
  return faker.number.int({ min: 1, max: most })
}

function addressOf(faker: Faker) {
  return {
    id: faker.string.uuid(),
    street: faker.location.streetAddress(),
    city: faker.location.city(),
    region: faker.location.state({ abbreviated: true }),
    postal_code: faker.location.zipCode(),
  }
}

function emailOf(faker: Faker, index: number) {
  const name = faker.internet.username().toLowerCase()
  return {
    id: faker.string.uuid(),
    address: `${name}.${index + 1}@${faker.internet.domainWord()}.example`,
    verified: faker.datatype.boolean(0.7),
  }
}

function phoneOf(faker: Faker) {
  return {
    id: faker.string.uuid(),
    number: `+1${faker.string.numeric({ length: 3, exclude: ['0', '1'] })}555${faker.string.numeric(4)}`,
    kind: faker.helpers.weightedArrayElement([
      { weight: 6, value: 'mobile' as const },
      { weight: 3, value: 'landline' as const },
      { weight: 1, value: 'fax' as const },
    ]),
  }
}

function customerOf(faker: Faker, email: string | undefined, address: string, phone: string) {
  return {
    id: faker.string.uuid(),
    title: faker.datatype.boolean(0.6) ? faker.company.name() : faker.person.fullName(),
    status: faker.helpers.weightedArrayElement([
      { weight: 6, value: 'active' as const },
      { weight: 3, value: 'lead' as const },
      { weight: 1, value: 'inactive' as const },
    ]),
    email_id: email ?? null,
    address_id: address,
    phone_id: faker.datatype.boolean(0.8) ? phone : null,
    credit: faker.finance.amount({ min: 0, max: 20_000, dec: 2 }),
  }
}

function productOf(faker: Faker, index: number) {
  return {
    id: faker.string.uuid(),
    sku: `P-${String(index + 1).padStart(6, '0')}`,
    title: faker.commerce.productName(),
    price: faker.commerce.price({ min: 1, max: 900, dec: 2 }),
    stock: faker.number.int({ min: 0, max: 500 }),
    tags: faker.helpers.uniqueArray(faker.commerce.department, faker.number.int({ min: 0, max: 3 })),
    details: {
      colour: faker.color.human(),
      weight_kg: faker.number.float({ min: 0.1, max: 80, fractionDigits: 1 }),
    },
    active: faker.datatype.boolean(0.9),
  }
}

function invoiceOf(faker: Faker, index: number, customer: string) {
  const issued = faker.date.between(period)
  const due = new Date(issued)
  due.setUTCDate(due.getUTCDate() + faker.helpers.arrayElement([14, 30, 60]))
  return {
    id: faker.string.uuid(),
    number: `${issued.getUTCFullYear()}-${String(index + 1).padStart(6, '0')}`,
    customer_id: customer,
    status: faker.helpers.weightedArrayElement([
      { weight: 7, value: 'paid' as const },
      { weight: 2, value: 'sent' as const },
      { weight: 1, value: 'draft' as const },
    ]),
    issued_on: dayOf(issued),
    due_on: dayOf(due),
  }
}

function lineOf(faker: Faker, invoice: string, position: number, product: ReturnType<typeof productOf>) {
  return {
    id: faker.string.uuid(),
    invoice_id: invoice,
    position,
    product_id: product.id,
    title: product.title,
    quantity: faker.number.int({ min: 1, max: 12 }),
    unit_price: product.price,
  }
}

function totalOf(lines: readonly { quantity: number; unit_price: string }[]): string {
  const cents = lines.reduce((sum, line) => sum + line.quantity * Math.round(Number(line.unit_price) * 100), 0)
  return (cents / 100).toFixed(2)
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function pick<T>(faker: Faker, items: readonly T[]): T {
  return faker.helpers.arrayElement(items)
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function* batches<T>(rows: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let start = 0; start < rows.length; start += batchSize) yield rows.slice(start, start + batchSize)
}
