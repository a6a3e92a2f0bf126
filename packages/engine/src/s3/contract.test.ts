import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { findPostgres, Postgres } from '../../../../test/support/postgres.ts'
import { S3Server } from '../../../../test/support/s3.ts'
import { blobsContract } from '../contract/blobs.ts'
import { endedBlobsContract } from '../contract/ended-blobs.ts'
import {
  type Damage,
  type Fixture,
  type SharedFixture,
  sharedFixture,
} from '../contract/fixture.ts'
import { serversContract } from '../contract/servers.ts'
import { parseS3Address } from './address.ts'
import { Bucket } from './bucket.ts'

const [programs] = await findPostgres()

let s3: S3Server
before(async () => {
  s3 = await S3Server.open()
})
after(() => s3.close())

/** Overwrites an object, as another program would. */
async function damage(sha256: string, change: Damage): Promise<void> {
  const bucket = new Bucket(parseS3Address(s3.blobs))
  for await (const { key } of bucket.list(''))
    if (key.includes(sha256)) {
      const answer = await bucket.get(key, { start: 0, end: Number.POSITIVE_INFINITY })
      await bucket.putBytes(key, change(Buffer.from(await answer!.arrayBuffer())))
    }
}

describe('E40: pictures in S3 beside SQLite pass the contract of blobs', () => {
  const open = async (): Promise<Fixture> => {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-engine-'))
    const fixture = await sharedFixture(`sqlite:${folder}?blobs=${s3.blobs}`, damage)
    const cleanup = async () => {
      await fixture.cleanup()
      await rm(folder, { recursive: true })
    }
    return { ...fixture, cleanup }
  }
  contractOf(open)
})

describe('E40: pictures in S3 beside PostgreSQL pass the contract of blobs, with several servers', {
  skip: !programs,
}, () => {
  let postgres: Postgres
  before(async () => {
    postgres = await Postgres.open(programs!)
  })
  after(() => postgres.close())
  const open = async (): Promise<SharedFixture> =>
    sharedFixture(`${await postgres.newDatabase()}?blobs=${s3.blobs}`, damage)
  contractOf(open)
  serversContract(open)
})

function contractOf(open: () => Promise<Fixture>): void {
  let fixture: Fixture
  before(async () => {
    fixture = await open()
  })
  after(() => fixture.cleanup())
  blobsContract(() => fixture.engine, open)
  endedBlobsContract(open)
}
