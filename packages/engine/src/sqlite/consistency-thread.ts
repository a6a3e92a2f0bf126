import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { findDamage, unchangingFile } from './consistency.ts'

/** Checks the main file of the folder in `workerData`, and posts what is wrong with it; null for nothing. */
const db = new DatabaseSync(unchangingFile(workerData as string), { readOnly: true })
parentPort!.postMessage(findDamage(db))
db.close()
