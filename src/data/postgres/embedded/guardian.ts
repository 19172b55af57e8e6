import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Place } from './place.ts'

/** Stops the server when we are gone, however we went. */
interface Guardian {
  /** Names the server to stop; `undefined` for none. */
  watch(pid: number | undefined): void
  /** Lets the guardian go without stopping anything. */
  close(): void
}

// Each line is the server's pid; the end of input is our death, since nothing else holds the other end of the pipe.
// A server that has just been started may not have written its pid file yet, hence the loop; one whose pid file names
// another pid is not ours to stop.
const script = `
trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done
tries=0
while [ -n "$pid" ] && [ "$tries" -lt 100 ] && kill -0 "$pid" 2>/dev/null; do
  if [ "$(head -n 1 "$1" 2>/dev/null)" = "$pid" ]; then kill -INT "$pid"; exit; fi
  tries=$((tries + 1))
  sleep 0.1
done
`

/** Starts a process of its own session that outlives us by a moment. Windows has none: the next start stops the server. */
export function startGuardian(place: Place): Guardian {
  if (process.platform === 'win32') return { watch() {}, close() {} }
  let watched: number | undefined
  let closed = false
  let pipe = start()

  function start(): Socket {
    const child = spawn('/bin/sh', ['-c', script, 'tenantry-guardian', join(place.data, 'postmaster.pid')], {
      ...place.account,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    const stdin = child.stdin as Socket
    // A guardian that was killed shows as a broken pipe; its exit starts the next one.
    stdin.on('error', () => {})
    child.once('error', () => {})
    child.once('exit', () => {
      if (closed) return
      setTimeout(() => {
        if (closed) return
        pipe = start()
        pipe.write(`${watched ?? ''}\n`)
      }, 500).unref()
    })
    child.unref()
    stdin.unref()
    return stdin
  }

  return {
    watch(pid) {
      watched = pid
      pipe.write(`${pid ?? ''}\n`)
    },
    close() {
      closed = true
      pipe.end('\n')
    },
  }
}
