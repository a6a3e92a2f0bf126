import { Option } from 'commander'
import { parseDuration, parseJobs, parsePersonName } from '../parse-remote.ts'

/* The flags that several commands have which send to a server, or fetch from one. */

export const byOption = (): Option =>
  new Option('--by <name>', 'your name, as it stands on the pictures')
    .env('WIREPHOTO_NAME')
    .argParser(parsePersonName)

export const jobsOption = (): Option =>
  new Option('--jobs <number>', 'files that are sent at a time').default(4).argParser(parseJobs)

export const patienceOption = (): Option =>
  new Option('--patience <time>', 'how long a server may be away or busy, as 30s or 5m')
    .default(300_000, '5m')
    .argParser(parseDuration)

export const quietOption = (): Option => new Option('--quiet', 'show no progress')
