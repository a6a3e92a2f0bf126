import { emptyBoard } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'

const [url = 'sqlite:./example'] = process.argv.slice(2)
const engine = await openEngine(url)
await engine.boards.create('harbour')

const { cursor } = await engine.log.load('harbour')
const changes = [{ put: { ...emptyBoard, title: 'Harbour' } }]
await engine.log.append('harbour', { expected: cursor, changes, clients: new Map() })
const missed = await engine.log.read('harbour', cursor)
console.log(missed?.batches[0]?.changes)
await engine.close()
