import { type AnyRecord, apply, applyChanges, settings } from '@wirephoto/board'

const records = new Map<string, AnyRecord>()
const anna = { visitor: 'anna', role: 'own', now: Date.now() } as const

const changes = apply(records, { kind: 'board.patch', set: { title: 'Harbour' } }, anna)
if (changes instanceof Error) throw changes
applyChanges(records, changes)
console.log(settings(records).title)
