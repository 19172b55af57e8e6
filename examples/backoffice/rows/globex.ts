import { type Seed, seed } from 'tenantry'
import { customers } from '../modules/customers/v2/customer.ts'
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

/** Globex supplies Springfield and the people who want to rule it. The keys are Acme's, the rows are not. */
export const globexRows: readonly Seed[] = [
  seed(addresses, [
    { id: address(1), street: '1 Volcano Lair Drive', city: 'Cypress Creek', region: 'OR', postal_code: '97001' },
    { id: address(2), street: '100 Industrial Way', city: 'Springfield', postal_code: '49007' },
    { id: address(3), street: '57 Walnut Street', city: 'Springfield', postal_code: '49007' },
    { id: address(4), street: '742 Evergreen Terrace', city: 'Springfield', postal_code: '49007' },
    { id: address(5), street: '12 Brewery Road', city: 'Capital City', postal_code: '49001' },
  ]),
  seed(emails, [
    { id: email(1), address: 'hank@scorpio.example', verified: true },
    { id: email(2), address: 'smithers@springfield-nuclear.example', verified: true },
    { id: email(3), address: 'moe@moes-tavern.example' },
    { id: email(4), address: 'homer@simpson.example' },
    { id: email(5), address: 'apu@kwik-e-mart.example', verified: true },
    { id: email(6), address: 'purchasing@duff.example', verified: true },
  ]),
  seed(phones, [
    { id: phone(1), number: '+15415550151', kind: 'mobile' },
    { id: phone(2), number: '+12695550152' },
    { id: phone(3), number: '+12695550153' },
    { id: phone(4), number: '+12695550154' },
  ]),
  seed(customers, [
    {
      id: customer(1),
      given_name: 'Hank',
      family_name: 'Scorpio',
      status: 'active',
      email_id: email(1),
      address_id: address(1),
      phone_id: phone(1),
      credit: '1000000.00',
    },
    {
      id: customer(2),
      family_name: 'Springfield Nuclear Power Plant',
      status: 'active',
      email_id: email(2),
      address_id: address(2),
      phone_id: phone(2),
      credit: '50000.00',
    },
    {
      id: customer(3),
      family_name: "Moe's Tavern",
      status: 'inactive',
      email_id: email(3),
      address_id: address(3),
      phone_id: phone(3),
    },
    {
      id: customer(4),
      given_name: 'Homer',
      family_name: 'Simpson',
      status: 'lead',
      email_id: email(4),
      address_id: address(4),
      phone_id: phone(4),
    },
    {
      id: customer(5),
      family_name: 'Kwik-E-Mart',
      status: 'active',
      email_id: email(5),
      credit: '800.00',
    },
    {
      id: customer(6),
      family_name: 'Duff Brewery',
      status: 'active',
      email_id: email(6),
      address_id: address(5),
      credit: '12500.75',
    },
  ]),
  seed(products, [
    {
      id: product(1),
      sku: 'GLX-WEATHER-1',
      title: 'Weather machine',
      price: '9999999.99',
      stock: 1,
      tags: ['doomsday'],
      details: { weight_kg: 4200, warning: 'Ask before use' },
    },
    {
      id: product(2),
      sku: 'GLX-FLAME-2',
      title: 'Flamethrower',
      price: '1499.00',
      stock: 14,
      tags: ['doomsday', 'outdoor'],
      details: { weight_kg: 22, warning: 'Hot' },
    },
    {
      id: product(3),
      sku: 'GLX-HAMMOCK',
      title: 'Hammock',
      price: '79.00',
      stock: 64,
      tags: ['outdoor', 'office'],
      details: { colour: 'striped' },
    },
    {
      id: product(4),
      sku: 'GLX-SUGAR-P',
      title: 'Pocket sugar, 500 g',
      price: '2.49',
      stock: 5,
      tags: ['food'],
      details: { weight_kg: 0.5 },
    },
    {
      id: product(5),
      sku: 'GLX-COAT-0',
      title: 'Tossable coat',
      price: '249.00',
      stock: 11,
      tags: ['clothing'],
      details: { colour: 'camel' },
    },
    {
      id: product(6),
      sku: 'GLX-MOCC-9',
      title: 'Moccasins',
      price: '119.00',
      stock: 0,
      tags: ['clothing'],
      details: { warning: 'There are others' },
    },
    {
      id: product(7),
      sku: 'GLX-LASER-X',
      title: 'Ceiling laser',
      price: '74999.50',
      stock: 2,
      tags: ['doomsday', 'office'],
      details: { weight_kg: 310 },
    },
    {
      id: product(8),
      sku: 'GLX-BRIDGE-59',
      title: 'Collapsible bridge, 59th Street style',
      price: '500000.00',
      stock: 1,
      tags: ['outdoor'],
      details: {},
      active: false,
    },
  ]),
]
