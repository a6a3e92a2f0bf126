import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Ends a process, and removes its folder, when this one has died by whatever signal: a test that is
 * killed leaves nothing running. Only the line between the two tells, so it holds for kill -9 too.
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
