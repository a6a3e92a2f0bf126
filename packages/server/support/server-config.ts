import type { ServerConfig } from '../src/config.ts'

/** The settings of a server that listens by itself. */
export interface ListeningConfig extends ServerConfig {
  readonly port: number
  readonly host: string
}

/** A server for tests: on a free port of this machine, with everything in one folder. */
export const serverConfig = (
  data: string,
  config: Partial<ListeningConfig> = {},
): ListeningConfig => ({
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
