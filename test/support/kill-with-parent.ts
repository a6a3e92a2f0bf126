import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Ends a process and removes its folder when this process dies, whatever the signal: a killed test
 * leaves nothing running. The watcher waits for the end of its standard input, so it works for kill
 * -9 too.
 */
export function killWithParent(child: ChildProcess, folder: string, signal: 'KILL' | 'QUIT'): void {
  const args = [String(child.pid), signal, folder]
  const watcher = spawn('sh', ['-c', WATCHER_SCRIPT, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.on('error', () => {}).unref()
  child.once('close', () => watcher.kill('SIGKILL'))
}

const WATCHER_SCRIPT = 'read -r _; kill -"$2" "$1"; sleep 1; rm -rf -- "$3"'
