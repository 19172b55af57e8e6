import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'

/** `npm run fuzz -- [--seconds 300] [--seed 1]`: hostile requests to a whole server; ends with 1 when something is wrong. */
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}, ${values.seconds} s`)
const { requests, understood, statuses, statements, kept, faults } = await fuzz({
  seed,
  seconds: Number(values.seconds),
})
console.log(`${requests} requests, of which ${understood} were understood and ${kept} brought something new`)
for (const [status, count] of Object.entries(statuses)) console.log(`  ${status}: ${count}`)
console.log(`${statements} different texts of statements`)
for (const fault of faults) console.log(`\n${fault}`)
console.log(
  faults.length === 0 ? 'Nothing is wrong.' : `\n${faults.length} things are wrong; repeat with --seed ${seed}`,
)
process.exitCode = faults.length === 0 ? 0 : 1
