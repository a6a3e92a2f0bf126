import type { Engine } from '../engine.ts'
import { EngineError, withoutPassword } from '../open.ts'

/** Rejects with an EngineError whose sentence is for the operator. */
export async function openRethinkdb(url: string): Promise<Engine> {
  throw new EngineError('unknown-engine', `There is no engine ${withoutPassword(url)} yet.`)
}
