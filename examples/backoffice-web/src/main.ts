import { type Clients, openClients } from './clients.ts'
import { addCustomer, listCustomers } from './customers.ts'
import { listUnpaid } from './invoices.ts'
import { listScarce } from './products.ts'
import { attempt, show } from './table.ts'

const customers = find('#customers')
const products = find('#products')
const invoices = find('#invoices')
let clients: Clients | undefined

onSubmit('#sign-in', async form => {
  const { url = '', tenant = '', token = '' } = fieldsOf(form)
  clients = openClients({ url: url.replace(/\/$/, ''), tenant, token: token.trim() })
  find('main').setAttribute('hidden', '')
  await showAll(clients)
  find('main').removeAttribute('hidden')
})

onSubmit('#customers form', form =>
  attempt(customers, async () => {
    if (!clients) return
    await addCustomer(clients, fieldsOf(form).title ?? '')
    form.reset()
    await showAll(clients)
  }),
)

async function showAll(clients: Clients): Promise<void> {
  const again = () => showAll(clients)
  await Promise.all([
    show(customers, () => listCustomers(clients)),
    show(products, () => listScarce(clients, 30, again)),
    show(invoices, () => listUnpaid(clients, again)),
  ])
}

function onSubmit(selector: string, act: (form: HTMLFormElement) => Promise<void>): void {
  const form = find(selector)
  if (!(form instanceof HTMLFormElement)) throw new Error(`${selector} is no form`)
  form.addEventListener('submit', event => {
    event.preventDefault()
    void act(form)
  })
}

function fieldsOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))
}

function find(selector: string): Element {
  const found = document.querySelector(selector)
  if (!found) throw new Error(`The page has no ${selector}`)
  return found
}
