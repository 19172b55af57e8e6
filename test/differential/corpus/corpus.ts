import type { Group } from '../request.ts'
import { aggregate } from './aggregate.ts'
import { call } from './call.ts'
import { change } from './change.ts'
import { embed } from './embed.ts'
import { error } from './error.ts'
import { filter } from './filter.ts'
import { headers } from './headers.ts'
import { insert } from './insert.ts'
import { logic } from './logic.ts'
import { orderAndPage } from './order-page.ts'
import { select } from './select.ts'

/** Every production of the grammar and every error code, by hand. */
export const corpus: readonly Group[] = [
  ...select,
  ...embed,
  ...filter,
  ...logic,
  ...orderAndPage,
  ...headers,
  ...aggregate,
  ...insert,
  ...change,
  ...call,
  ...error,
]
