/** `line_items` → `lineItems`. Different for different names: what is not a small letter keeps its `_`. */
export function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** `line_items` → `LineItems` */
export function pascalName(name: string): string {
  return camelName(`_${name}`)
}

/** Last words whose singular is none of the rules below; a word that is its own singular stands for itself. */
const irregular: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  ...{ people: 'person', children: 'child', men: 'man', women: 'woman', mice: 'mouse', geese: 'goose' },
  ...{ feet: 'foot', teeth: 'tooth', oxen: 'ox', criteria: 'criterion', phenomena: 'phenomenon', leaves: 'leaf' },
  ...{
    knives: 'knife',
    lives: 'life',
    wives: 'wife',
    shelves: 'shelf',
    halves: 'half',
    wolves: 'wolf',
    media: 'medium',
  },
  ...{ movies: 'movie', cookies: 'cookie', calories: 'calorie', ties: 'tie', pies: 'pie', series: 'series' },
  ...{ species: 'species', news: 'news', gas: 'gas', canvas: 'canvas', atlas: 'atlas', bias: 'bias', alias: 'alias' },
  ...{ menus: 'menu', lens: 'lens', indices: 'index', matrices: 'matrix', vertices: 'vertex', buses: 'bus' },
})

/** The first rule that fits counts. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/(ss|us|is)$/, '$1'],
  [/(stat|vir|bon|camp|cens|foc|ali|bi)(us|as)es$/, '$1$2'],
  [/([aeiou]lys|cri|the|diagno|synop)(s?)es$/, '$1$2is'],
  [/zzes$/, 'z'],
  [/([^sh])oes$/, '$1o'],
  [/(ss|sh|ch|x)es$/, '$1'],
  [/([^aeiou])ies$/, '$1y'],
  [/s$/, ''],
]

/** `line_items` → `line_item`, as most English words have it; a name that is no plural stays as it is. */
export function singularOf(name: string): string {
  const start = name.lastIndexOf('_') + 1
  const word = name.slice(start)
  const known = irregular[word]
  if (known !== undefined) return name.slice(0, start) + known
  const rule = rules.find(([pattern]) => pattern.test(word))
  const singular = rule ? word.replace(rule[0], rule[1]) : word
  return name.slice(0, start) + (singular === '' ? word : singular)
}
