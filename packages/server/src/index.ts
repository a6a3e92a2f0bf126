export type { ServerConfig } from './config.ts'
export { type RunningServer, startServer } from './server.ts'
export { FAILPOINTS } from './failpoint.ts'
