import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Call, Edge } from './strace.ts'

/** A moment at which the power went, with a state that the disk may be in then. */
export interface PowerCut {
  /** The lines that the program had begun to print by then. */
  readonly printedLines: readonly string[]
  /** Writes the folder as it may be found into an empty one. */
  restore(folder: string): Promise<void>
}

export interface CutOptions {
  /** The recorded folder; it existed before, empty. */
  readonly folder: string
  readonly count: number
  readonly random: () => number
  /** Returns whether syncs of a path are ignored, to see that they are needed. */
  readonly ignoresSync?: (path: string) => boolean
}

/**
 * Yields power cuts in a recording: half of them right after an acknowledgement, half anywhere.
 * Synced data survives. Each other write and each other change of a folder may survive or not, a
 * write in any of its sectors. A name is safe only once its folder is synced (fsync(2)).
 */
export function* powerCuts(edges: readonly Edge[], cuts: CutOptions): Generator<PowerCut> {
  const rehearsal = new Disk(cuts)
  const moments = { any: [] as number[], said: [] as number[] }
  edges.forEach((edge, i) => {
    const before = rehearsal.printedLines.length
    if (rehearsal.apply(edge)) moments.any.push(i)
    if (rehearsal.printedLines.length > before) moments.said.push(i)
  })
  const chosen = new Set<number>()
  const pick = (from: readonly number[]) => from[Math.floor(cuts.random() * from.length)]!
  for (let i = 0; i < cuts.count; i++) chosen.add(pick(i % 2 ? moments.any : moments.said))

  const disk = new Disk(cuts)
  for (const [i, edge] of edges.entries()) {
    disk.apply(edge)
    if (chosen.has(i)) yield disk.cut(cuts.random)
  }
}

type Inode = File | Folder

/** A write, or a truncation. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly size: number }

interface File {
  readonly path: string
  readonly folder?: never
  synced: Buffer
  /** Changes that may not be on the disk yet. */
  pending: Change[]
  size: number
}

/** Names that get or lose an inode in one step. */
type Entries = readonly (readonly [name: string, inode: Inode | null])[]

interface Folder {
  readonly path: string
  readonly folder: true
  synced: Map<string, Inode>
  pending: Entries[]
  /** The entries that programs see. */
  readonly entries: Map<string, Inode>
}

class Disk {
  readonly printedLines: string[] = []
  readonly #recordedFolder: string
  readonly #ignoresSync: (path: string) => boolean
  readonly #root: Folder = newFolder('')
  readonly #open = new Map<number, { inode: Inode; position: number }>()
  /** For each running sync, the function that makes its data durable. */
  readonly #syncing = new Map<Call, () => void>()

  constructor({ folder, ignoresSync = () => false }: CutOptions) {
    this.#recordedFolder = folder
    this.#ignoresSync = ignoresSync
  }

  /** Applies a recorded call. Returns false when it doesn't concern this folder. */
  apply({ call, begins }: Edge): boolean {
    const { name, numbers, result } = call
    if (result < 0) return false
    if (name === 'fsync' || name === 'fdatasync') return this.#sync(call, begins)
    // A descriptor is free, and may belong to another file, as soon as its close begins.
    if (name === 'close') return begins && this.#open.delete(numbers[0]!)
    if (begins && name === 'write' && numbers[0] === 1) return this.#print(call)
    return !begins && (this.#changeFile(call) || this.#changeFolder(call))
  }

  cut(random: () => number): PowerCut {
    // Some cuts keep nearly all pending changes, some nearly none.
    const share = [0, 0.1, 0.5, 0.9, 1][Math.floor(random() * 5)]!
    const keeps = () => random() < share
    const files = new Map<string, Buffer>()
    const folders: string[] = []
    const walk = ({ synced, pending }: Folder, path: string) => {
      folders.push(path)
      for (const [name, inode] of applyEntries(synced, pending.filter(keeps)))
        if (inode.folder) walk(inode, join(path, name))
        else files.set(join(path, name), survivingBytes(inode, keeps, random))
    }
    walk(this.#root, '')
    return {
      printedLines: [...this.printedLines],
      async restore(folder) {
        for (const path of folders) await mkdir(join(folder, path), { recursive: true })
        for (const [path, bytes] of files) await writeFile(join(folder, path), bytes)
      },
    }
  }

  #print({ texts }: Call): boolean {
    this.printedLines.push(...texts[0]!.toString().split('\n').filter(Boolean))
    return false
  }

  #sync(call: Call, begins: boolean): boolean {
    if (begins) {
      const inode = this.#open.get(call.numbers[0]!)?.inode
      if (inode && !this.#ignoresSync(inode.path)) this.#syncing.set(call, makeDurable(inode))
      return inode !== undefined
    }
    this.#syncing.get(call)?.()
    return this.#syncing.delete(call)
  }

  #changeFile(call: Call): boolean {
    const { name, texts, numbers, flags, result } = call
    if (name === 'openat' || name === 'open' || name === 'creat') {
      const place = this.#place(texts[0]!)
      if (!place) return false
      const inode = this.#find(place) ?? this.#create(place, newFile(this.#path(place)))
      if (!inode.folder && (flags.includes('O_TRUNC') || name === 'creat'))
        addWrite(inode, { size: 0 })
      const position = !inode.folder && flags.includes('O_APPEND') ? inode.size : 0
      this.#open.set(result, { inode, position })
      return true
    }
    const open = this.#open.get(numbers[0]!)
    if (!open || open.inode.folder) return false
    const bytes = Buffer.concat(texts).subarray(0, result)
    switch (name) {
      case 'lseek':
        open.position = result
        return false
      case 'write':
      case 'writev':
        addWrite(open.inode, { at: open.position, bytes })
        open.position += result
        return true
      case 'pwrite64':
      case 'pwritev':
        addWrite(open.inode, { at: numbers.at(-1)!, bytes })
        return true
      case 'ftruncate':
        addWrite(open.inode, { size: numbers[1]! })
        return true
      default:
        throw new Error(`${name} can't be replayed`)
    }
  }

  #changeFolder({ name, texts, flags }: Call): boolean {
    const [from, to] = texts.map((path) => this.#place(path))
    if (!from && !to) return false
    switch (name) {
      case 'mkdir':
      case 'mkdirat':
        this.#create(from!, newFolder(this.#path(from!)))
        return true
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        addEntries(from!.folder, [[from!.name, null]])
        return true
      case 'link':
      case 'linkat':
        if (!from || !to) throw new Error('A link from elsewhere')
        addEntries(to.folder, [[to.name, this.#find(from)!]])
        return true
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        if (!from || !to || flags.length > 2) throw new Error(`${name} can't be replayed`)
        const inode = this.#find(from)!
        if (from.folder === to.folder)
          addEntries(to.folder, [
            [from.name, null],
            [to.name, inode],
          ])
        else {
          addEntries(to.folder, [[to.name, inode]])
          addEntries(from.folder, [[from.name, null]])
        }
        return true
      }
      default:
        throw new Error(`${name} can't be replayed`)
    }
  }

  #create<T extends Inode>({ folder, name }: Place, inode: T): T {
    addEntries(folder, [[name, inode]])
    return inode
  }

  #find({ folder, name }: Place): Inode | undefined {
    return name === '' ? this.#root : folder.entries.get(name)
  }

  #path = ({ folder, name }: Place): string => join(folder.path, name)

  /** Returns the place of a path in this folder; undefined when it is elsewhere. */
  #place(path: Buffer): Place | undefined {
    const names = relative(this.#recordedFolder, path.toString()).split('/')
    if (!path.toString().startsWith('/') || names[0] === '..') return undefined
    const name = names.pop()!
    let folder = this.#root
    for (const step of names) {
      const inode = folder.entries.get(step)
      if (!inode?.folder) return undefined
      folder = inode
    }
    return { folder, name }
  }
}

interface Place {
  readonly folder: Folder
  readonly name: string
}

const newFile = (path: string): File => ({ path, synced: Buffer.alloc(0), pending: [], size: 0 })

const newFolder = (path: string): Folder => ({
  path,
  folder: true,
  synced: new Map(),
  pending: [],
  entries: new Map(),
})

function addWrite(file: File, one: Change): void {
  file.pending.push(one)
  file.size = 'size' in one ? one.size : Math.max(file.size, one.at + one.bytes.length)
}

function addEntries(folder: Folder, entries: Entries): void {
  folder.pending.push(entries)
  for (const [name, inode] of entries)
    if (inode) folder.entries.set(name, inode)
    else folder.entries.delete(name)
}

/** Returns the function that makes durable the changes that are pending now. */
function makeDurable(inode: Inode): () => void {
  const done = new Set<unknown>(inode.pending)
  return () => {
    if (inode.folder)
      inode.synced = applyEntries(
        inode.synced,
        inode.pending.filter((one) => done.has(one)),
      )
    else
      inode.synced = applyWrites(
        inode.synced,
        inode.pending.filter((one) => done.has(one)),
      )
    inode.pending = inode.pending.filter((one: unknown) => !done.has(one)) as never
  }
}

function applyEntries(
  synced: ReadonlyMap<string, Inode>,
  changes: readonly Entries[],
): Map<string, Inode> {
  const names = new Map(synced)
  for (const [name, inode] of changes.flat())
    if (inode) names.set(name, inode)
    else names.delete(name)
  return names
}

function applyWrites(synced: Buffer, changes: readonly Change[]): Buffer {
  const ends = changes.map((one) => ('size' in one ? one.size : one.at + one.bytes.length))
  const room = Buffer.alloc(Math.max(synced.length, ...ends))
  synced.copy(room)
  let size = synced.length
  for (const one of changes)
    if ('size' in one) {
      room.fill(0, one.size)
      size = one.size
    } else {
      one.bytes.copy(room, one.at)
      size = Math.max(size, one.at + one.bytes.length)
    }
  return room.subarray(0, size)
}

const SECTOR_BYTES = 512

function survivingBytes(
  { synced, pending }: File,
  keeps: () => boolean,
  random: () => number,
): Buffer {
  return applyWrites(
    synced,
    pending
      .filter(keeps)
      .flatMap((one) => ('size' in one || random() < 0.7 ? [one] : tornWrite(one, random))),
  )
}

/** Returns some of the sectors that a write touches. */
function tornWrite({ at, bytes }: { at: number; bytes: Buffer }, random: () => number): Change[] {
  const sectors: Change[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES))
    if (random() < 0.5) sectors.push({ at: at + start, bytes: bytes.subarray(start, end) })
    start = end
  }
  return sectors
}
