import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { findDamage, unchangingFile } from './consistency.ts'
import { defineSums } from './sums.ts'

/** Checks the main file of the folder in `workerData`, and posts what is wrong with it; null for nothing. */
const db = new DatabaseSync(unchangingFile(workerData as string), { readOnly: true })
defineSums(db)
parentPort!.postMessage(findDamage(db))
db.close()
