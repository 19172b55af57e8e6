import { type Seed, seed } from 'tenantry'
import { customers } from '../modules/customers/v1/customer.ts'
import { invoices } from '../modules/invoices/v1/invoice.ts'
import { lineItems } from '../modules/invoices/v1/line-item.ts'
import { products } from '../modules/products/v1/product.ts'
import { addresses } from '../modules/shared/v1/address.ts'
import { emails } from '../modules/shared/v1/email.ts'
import { phones } from '../modules/shared/v1/phone.ts'
import { idOf } from './ids.ts'

const address = (number: number) => idOf('address', number)
const email = (number: number) => idOf('email', number)
const phone = (number: number) => idOf('phone', number)
const customer = (number: number) => idOf('customer', number)
const product = (number: number) => idOf('product', number)
const invoice = (number: number) => idOf('invoice', number)

// Invoice, position, product, its title, quantity and unit price.
const lineItemRows = (
  [
    [1, 1, 2, 'Rocket-powered roller skates', 2, '349.00'],
    [1, 2, 1, 'Anvil, 100 kg', 1, '129.90'],
    [1, 3, 3, 'Giant rubber band', 3, '24.50'],
    [2, 1, 7, 'Bird seed, 25 kg', 40, '32.40'],
    [2, 2, 3, 'Giant rubber band', 5, '24.50'],
    [3, 1, 5, 'Earthquake pills', 5, '19.99'],
    [3, 2, 4, 'Dehydrated boulders, box of 12', 2, '59.95'],
    [4, 1, 1, 'Anvil, 100 kg', 4, '129.90'],
    [4, 2, 6, 'Portable hole', 1, '499.00'],
    [5, 1, 2, 'Rocket-powered roller skates', 3, '349.00'],
    [5, 2, 3, 'Giant rubber band', 2, '24.50'],
    [6, 1, 6, 'Portable hole', 2, '499.00'],
    [6, 2, 1, 'Anvil, 100 kg', 1, '129.90'],
    [6, 3, 4, 'Dehydrated boulders, box of 12', 2, '59.95'],
    [6, 4, 5, 'Earthquake pills', 1, '19.99'],
  ] as const
).map(([of, position, sold, title, quantity, unit_price], index) => ({
  id: idOf('lineItem', index + 1),
  invoice_id: invoice(of),
  position,
  product_id: product(sold),
  title,
  quantity,
  unit_price,
}))

/** Acme sells contraptions to the desert and its neighbours. In the order in which they can be inserted. */
export const acmeRows: readonly Seed[] = [
  seed(addresses, [
    { id: address(1), street: '1 Mesa Rim Road', city: 'Monument Valley', region: 'UT', postal_code: '84536' },
    { id: address(2), street: '66 Long Straight Highway', city: 'Tuba City', region: 'AZ', postal_code: '86045' },
    { id: address(3), street: '12 Hare Hollow', city: 'Albuquerque', region: 'NM', postal_code: '87101' },
    { id: address(4), street: '44 Claim Jump Lane', city: 'Virginia City', region: 'NV', postal_code: '89440' },
    { id: address(5), street: '7 Wabbit Track', city: 'Burbank', region: 'CA', postal_code: '91502' },
    {
      id: address(6),
      street: 'Calle del Queso 3',
      city: 'Guadalajara',
      region: 'Jalisco',
      postal_code: '44100',
      country: 'MX',
    },
    { id: address(7), street: '9 Barnyard Boulevard', city: 'Cucamonga', region: 'CA', postal_code: '91730' },
  ]),
  seed(emails, [
    { id: email(1), address: 'wile.e@coyote-genius.example', verified: true },
    { id: email(2), address: 'orders@roadrunner.example', verified: true },
    { id: email(3), address: 'bugs@rabbit-hole.example', verified: true },
    { id: email(4), address: 'sam@yosemite-mining.example' },
    { id: email(5), address: 'elmer@fudd-hunting.example', verified: true },
    { id: email(6), address: 'rapido@gonzales.example' },
    { id: email(7), address: 'isay@leghorn-farms.example' },
    { id: email(8), address: 'commander@mars.example' },
  ]),
  seed(phones, [
    { id: phone(1), number: '+14355550101', kind: 'mobile' },
    { id: phone(2), number: '+19285550102' },
    { id: phone(3), number: '+15055550103', kind: 'mobile' },
    { id: phone(4), number: '+17755550104' },
    { id: phone(5), number: '+18185550105' },
    { id: phone(6), number: '+19095550106', kind: 'fax' },
  ]),
  seed(customers, [
    {
      id: customer(1),
      title: 'Wile E. Coyote',
      status: 'active',
      email_id: email(1),
      address_id: address(1),
      phone_id: phone(1),
      credit: '10000.00',
    },
    {
      id: customer(2),
      title: 'Road Runner Supplies',
      status: 'active',
      email_id: email(2),
      address_id: address(2),
      phone_id: phone(2),
      credit: '2500.00',
    },
    {
      id: customer(3),
      title: 'Bugs Bunny Carrots',
      status: 'active',
      email_id: email(3),
      address_id: address(3),
      phone_id: phone(3),
      credit: '750.50',
    },
    {
      id: customer(4),
      title: 'Yosemite Sam Mining',
      status: 'active',
      email_id: email(4),
      address_id: address(4),
      phone_id: phone(4),
      credit: '1200.00',
    },
    {
      id: customer(5),
      title: 'Elmer Fudd Hunting Club',
      status: 'inactive',
      email_id: email(5),
      address_id: address(5),
      phone_id: phone(5),
    },
    {
      id: customer(6),
      title: 'Speedy Gonzales Deliveries',
      status: 'active',
      email_id: email(6),
      address_id: address(6),
      credit: '300.00',
    },
    {
      id: customer(7),
      title: 'Foghorn Leghorn Farms',
      status: 'lead',
      email_id: email(7),
      address_id: address(7),
      phone_id: phone(6),
    },
    { id: customer(8), title: 'Marvin the Martian', status: 'lead', email_id: email(8) },
  ]),
  seed(products, [
    {
      id: product(1),
      sku: 'ACME-ANVIL-100',
      title: 'Anvil, 100 kg',
      price: '129.90',
      stock: 42,
      tags: ['classic', 'heavy'],
      details: { weight_kg: 100, colour: 'black' },
    },
    {
      id: product(2),
      sku: 'ACME-SKATE-RP',
      title: 'Rocket-powered roller skates',
      price: '349.00',
      stock: 6,
      tags: ['rocket', 'transport'],
      details: { weight_kg: 8.5, warning: 'No brakes' },
    },
    {
      id: product(3),
      sku: 'ACME-BAND-XL',
      title: 'Giant rubber band',
      price: '24.50',
      stock: 180,
      tags: ['classic'],
      details: { colour: 'red' },
    },
    {
      id: product(4),
      sku: 'ACME-BOULDER-D',
      title: 'Dehydrated boulders, box of 12',
      price: '59.95',
      stock: 75,
      tags: ['just add water'],
      details: { weight_kg: 0.4, warning: 'Keep dry' },
    },
    {
      id: product(5),
      sku: 'ACME-PILL-EQ',
      title: 'Earthquake pills',
      price: '19.99',
      stock: 3,
      tags: ['chemical'],
      details: { warning: 'Without effect on road runners' },
    },
    {
      id: product(6),
      sku: 'ACME-HOLE-P',
      title: 'Portable hole',
      price: '499.00',
      stock: 9,
      tags: ['classic', 'transport'],
      details: { weight_kg: 0, colour: 'black' },
    },
    {
      id: product(7),
      sku: 'ACME-SEED-25',
      title: 'Bird seed, 25 kg',
      price: '32.40',
      stock: 260,
      tags: ['food'],
      details: { weight_kg: 25 },
    },
    {
      id: product(8),
      sku: 'ACME-BATSUIT',
      title: "Bat-Man's outfit",
      price: '89.00',
      stock: 0,
      tags: ['transport'],
      details: { warning: 'Wings are for show' },
      active: false,
    },
  ]),
  seed(invoices, [
    {
      id: invoice(1),
      number: 'A-2026-001',
      customer_id: customer(1),
      status: 'paid',
      issued_on: '2026-01-12',
      due_on: '2026-02-11',
      total: '901.40',
    },
    {
      id: invoice(2),
      number: 'A-2026-002',
      customer_id: customer(2),
      status: 'paid',
      issued_on: '2026-02-03',
      due_on: '2026-03-05',
      total: '1418.50',
    },
    {
      id: invoice(3),
      number: 'A-2026-003',
      customer_id: customer(1),
      status: 'sent',
      issued_on: '2026-04-20',
      due_on: '2026-05-20',
      total: '219.85',
      note: 'The customer says that the last delivery went off too early.',
    },
    {
      id: invoice(4),
      number: 'A-2026-004',
      customer_id: customer(4),
      status: 'sent',
      issued_on: '2026-05-06',
      due_on: '2026-06-05',
      total: '1018.60',
    },
    {
      id: invoice(5),
      number: 'A-2026-005',
      customer_id: customer(6),
      status: 'paid',
      issued_on: '2026-06-15',
      due_on: '2026-07-15',
      total: '1096.00',
    },
    {
      id: invoice(6),
      number: 'A-2026-006',
      customer_id: customer(1),
      status: 'draft',
      issued_on: '2026-07-01',
      due_on: '2026-07-31',
      total: '1267.79',
    },
  ]),
  seed(lineItems, lineItemRows),
]
