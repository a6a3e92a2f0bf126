import type { Address } from '../src/rethinkdb/address.ts'
import { Database, type Query } from '../src/rethinkdb/database.ts'

/** A database whose server dies after a number of queries. */
export class DyingDatabase extends Database {
  #left: number

  constructor(address: Address, left: number) {
    super(address, 1)
    this.#left = left
  }

  override async run<T>(query: Query): Promise<T> {
    if (this.#left-- <= 0) throw new Error('died')
    return super.run<T>(query)
  }
}
