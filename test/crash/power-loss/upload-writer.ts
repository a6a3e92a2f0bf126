import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine } from '@wirephoto/engine'
import { IncomingFiles } from '@wirephoto/server'
import { BOARD, sendUpload, UPLOADS } from './upload-workload.ts'

/**
 * Runs as `upload-writer.ts <data>`: receives all uploads at once, and prints the acknowledgements.
 */
const data = process.argv[2]!
const engine = await openEngine(`sqlite:${data}`)
await engine.boards.create(BOARD)
const incomingFiles = await IncomingFiles.open(join(data, 'arrivals'))
await Promise.all(
  UPLOADS.map((id) =>
    sendUpload({ engine, incomingFiles }, id, (said) => writeSync(1, `${JSON.stringify(said)}\n`)),
  ),
)
await incomingFiles.close()
await engine.close()
