export type { ServerConfig } from './config.ts'
export { FAILPOINTS } from './failpoint.ts'
export { type Arrival, Arrivals } from './images/arrivals.ts'
export { type RunningServer, startServer } from './server.ts'
