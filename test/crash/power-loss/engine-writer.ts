import { writeSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seqOf } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { type Acknowledgement, BOARDS, batchOf, sha256Of } from './engine-workload.ts'

/**
 * Runs as `engine-writer.ts <folder> <data> <to> ...`. It takes every board from its state to each
 * of these batch numbers, closes the engine in between, and prints the acknowledgements.
 */
const [folder, data, ...stops] = process.argv.slice(2) as [string, string, ...string[]]

for (const stop of stops) {
  const engine = await openEngine(`sqlite:${data}`)
  await mkdir(join(folder, 'arrivals'), { recursive: true })
  await Promise.all(BOARDS.map((board) => write(engine, board, Number(stop))))
  await engine.close()
}

async function write(engine: Engine, board: string, stop: number): Promise<void> {
  if (await engine.boards.create(board)) acknowledge({ board, seq: 0 })
  let { cursor } = await engine.log.load(board)
  for (let seq = seqOf(cursor) + 1; seq <= stop; seq++) {
    const { changes, clients, blob } = batchOf(board, seq)
    const path = join(folder, 'arrivals', `${board}-${seq}`)
    if (blob) {
      await writeFile(path, blob)
      await engine.blobs.put(path, sha256Of(blob))
    }
    cursor = (await engine.log.append(board, { expected: cursor, changes, clients }))!
    acknowledge({ board, seq })
    if (blob) await rm(path)
  }
}

function acknowledge(said: Acknowledgement): void {
  writeSync(1, `${JSON.stringify(said)}\n`)
}
