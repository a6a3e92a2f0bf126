import type { ServerConfig } from '../src/config.ts'

/** A server for tests: on a free port of this machine, with everything in one folder. */
export const serverConfig = (data: string, config: Partial<ServerConfig> = {}): ServerConfig => ({
  port: 0,
  host: '127.0.0.1',
  publicUrl: null,
  data,
  engine: `sqlite:${data}`,
  maxUpload: 5_000_000,
  webRoot: null,
  log: 'silent',
  grace: 1_000,
  isOpen: true,
  steadyClockMs: 0,
  ...config,
})
