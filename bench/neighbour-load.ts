import { loadOpen, type OpenLoad } from './open-load.ts'

/** A process that makes load on a schedule, as its messages say, and answers what it measured. */
process.on('message', (load: OpenLoad) => {
  loadOpen(load).then(
    measured => process.send?.({ measured }),
    error => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
