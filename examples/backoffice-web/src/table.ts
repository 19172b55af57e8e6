export interface Line {
  readonly title: string
  readonly more: string
  readonly end: string
  readonly button?: { readonly label: string; press(): Promise<void> }
}

/** Shows lines in a section, or why there are none. What comes from the server is text, never markup. */
export async function show(section: Element, load: () => Promise<readonly Line[]>): Promise<void> {
  let rows: HTMLElement[] = []
  await attempt(section, async () => {
    rows = (await load()).map(line => rowOf(section, line))
  })
  section.querySelector('tbody')?.replaceChildren(...rows)
}

/** Says in the section what went wrong, if anything did. */
export async function attempt(section: Element, work: () => Promise<void>): Promise<void> {
  const alert = section.querySelector('[role=alert]')
  let message = ''
  try {
    await work()
  } catch (error) {
    message = error instanceof Error ? error.message : String(error)
  }
  alert?.replaceChildren(message)
}

function rowOf(section: Element, { title, more, end, button }: Line): HTMLElement {
  const row = document.createElement('tr')
  row.append(cell(title, element('small', more)), cell(end))
  if (button) {
    const press = element('button', button.label)
    press.addEventListener('click', () => attempt(section, button.press))
    row.append(cell(press))
  }
  return row
}

function cell(...content: (string | Node)[]): HTMLElement {
  const cell = document.createElement('td')
  cell.append(...content)
  return cell
}

function element(name: 'button' | 'small', text: string): HTMLElement {
  const element = document.createElement(name)
  element.textContent = text
  return element
}
