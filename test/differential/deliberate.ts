/** Something that we answer otherwise than PostgREST 12.0.2 does, on purpose; found by hand, for `differences.ts` to test. */
export interface DeliberateDifference {
  readonly name: string
  readonly reason: string
}

const newer = (version: string) => `PostgREST ${version} does so, and clients of today expect it`

/** Checked against the real PostgREST 12.0.2. What is not listed here is the same, or a fault. */
export const deliberateDifferences: readonly DeliberateDifference[] = [
  // Errors
  { name: 'messages show no values: 22P02, 22007, 42601 and their like end before the value', reason: 'THREATS A22' },
  { name: 'details of 23505, 23503 and 23502 are null', reason: 'PostgreSQL keeps keys to itself under row security' },
  { name: 'the hint of 42703 is null', reason: 'PostgreSQL guesses among all columns, the hidden ones too' },
  {
    name: 'PGRST200 suggests no other relation',
    reason: 'The guess of PostgREST is a matter of its own word distance',
  },
  { name: 'PGRST200 names the schema of the module, shop_v1', reason: 'There is no other schema' },
  { name: "PGRST204 says \"Could not find the 'x' column of 'y' in the schema cache\"", reason: newer('12.2') },
  { name: 'an unknown entity is PGRST205 and not 42P01', reason: newer('13') },
  { name: 'PGRST107 is 406 and not 415, with a hint', reason: newer('13') },
  { name: 'PGRST100 may expect fewer things than Parsec lists', reason: 'Place and first expectation are the same' },
  { name: 'a cast to a type outside a closed list is 42704', reason: 'Names of types become part of a statement' },
  {
    name: '42883 names the type of the field where PostgREST says unknown',
    reason: 'Values are bound with their type',
  },
  { name: 'errors of a single object have one Content-Type', reason: 'PostgREST sends the header twice' },
  {
    name: 'PUT without the whole key in its payload is PGRST115',
    reason: 'PostgREST answers 42703 for a table of its own',
  },
  { name: 'naming tenant_id is 42703 in filters and forbidden in payloads', reason: 'F5.8' },
  // Reading
  { name: 'is.not_null is known', reason: newer('13') },
  { name: 'fts on a text or JSON field searches its words in the language of the filter', reason: newer('14') },
  {
    name: 'fts without a language takes that of the searchText field, else simple',
    reason: 'Not what a server is set to',
  },
  {
    name: 'languages of full text search are those that come with PostgreSQL',
    reason: 'Names from outside are refused',
  },
  {
    name: 'count=planned and count=estimated are counted exactly, and Preference-Applied says so',
    reason: 'THREATS A23',
  },
  { name: 'embeds are json and keep the order of their members', reason: 'PostgREST 12.0 passes them through jsonb' },
  { name: 'a list without a limit has 1000 rows, and so has each embed', reason: 'F5.13' },
  { name: 'a self reference that is unique embeds by its name', reason: 'PostgREST finds no relation' },
  { name: 'names in the answer are not cut at 63 bytes', reason: 'They are values and no identifiers' },
  {
    name: 'select=count and order=count are unknown fields',
    reason: 'PostgREST takes them for the function by accident',
  },
  { name: 'select=count(field) is an unknown relation', reason: 'Both are refused; count is a name like any other' },
  {
    name: 'rows are grouped by a cast value, and ordered only by what is selected without a cast',
    reason: 'One group a value',
  },
  {
    name: 'a spread with several columns and an aggregate groups by all of them',
    reason: 'PostgREST 12.0 answers 42702',
  },
  { name: 'Prefer: timezone is not known', reason: 'Answers are in UTC' },
  { name: 'nulls=stripped is heard beside other parameters of the media type', reason: 'PostgREST forgets it' },
  { name: 'text/* and application/* are accepted', reason: 'RFC 9110' },
  // CSV
  { name: 'CSV without rows has its line of names, which are quoted where they must be', reason: 'RFC 4180' },
  { name: 'CSV shows a backslash once', reason: 'PostgREST shows the text form of a row, which doubles it' },
  { name: 'CSV after PUT has only the selected fields', reason: 'PostgREST names the key too, without its values' },
  {
    name: 'a line of CSV with more values than names is refused, and so is a name that stands twice',
    reason: 'Nothing is lost',
  },
  { name: 'columns chooses among the columns of a CSV body', reason: 'As of a JSON body' },
  // Writing
  { name: 'a JSON body that is neither an object nor an array is refused', reason: 'PostgREST inserts an empty row' },
  { name: 'PATCH with several objects is refused', reason: 'PostgREST silently takes the first' },
  { name: 'PATCH and DELETE take no limit', reason: newer('13') },
  { name: 'max-affected under handling=strict', reason: newer('12.1') },
  { name: 'DELETE is soft where the entity is, and Prefer knows deleted and purge', reason: 'F3.3' },
]
