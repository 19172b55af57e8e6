export interface Names {
  readonly given_name: string
  readonly family_name: string
}

/** `Wile E. Coyote` → `Wile E.` and `Coyote`; a single word is the family name. */
export function namesOf(title: string): Names {
  const space = title.trim().lastIndexOf(' ')
  return space < 0
    ? { given_name: '', family_name: title.trim() || title }
    : { given_name: title.trim().slice(0, space).trim(), family_name: title.trim().slice(space + 1) }
}

export function titleOf({ given_name, family_name }: Names): string {
  return given_name === '' ? family_name : `${given_name} ${family_name}`
}
