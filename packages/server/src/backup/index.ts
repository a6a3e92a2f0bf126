export {
  type Backup,
  type BackupOptions,
  type BlobProblem,
  type CopyProgress,
  makeBackup,
} from './backup.ts'
export { serverSource } from './backup-socket.ts'
export { type BoardSource, engineSource } from './board-point.ts'
export { type BackupCheck, type BackupFinding, checkBackups } from './check-backups.ts'
export { copyBoards, type Filled, restore } from './fill.ts'
export { retryWhileAway } from './retry-while-away.ts'
export { openStore } from './store.ts'
