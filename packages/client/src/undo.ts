import type { BoardRecord, Command, ImageRecord, Previews } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { BoardEvents } from './types.ts'

/** The most steps that are remembered. */
const UNDO_STEP_COUNT = 200

/** The board as it is shown. */
interface Shown {
  readonly pictures: ReadonlyMap<string, ImageRecord>
  readonly settings: BoardRecord
}

/** The place where commands go. */
interface CommandSink {
  push(commands: readonly Command[], previews?: Previews): void
}

/**
 * Our own steps, each as the commands that take it back. A step back restores the fields that the step
 * changed and no others, whatever happened to them since. Pictures that are gone by then are skipped.
 */
export class Undo {
  readonly #shown: Shown
  readonly #queue: CommandSink
  readonly #events: Emitter<BoardEvents>
  #back: Command[][] = []
  #forth: Command[][] = []
  /** The step that all commands of this turn of the event loop belong to. */
  #open: Command[] | null = null
  readonly #named = new WeakMap<object, Command[]>()

  constructor(shown: Shown, queue: CommandSink, events: Emitter<BoardEvents>) {
    this.#shown = shown
    this.#queue = queue
    this.#events = events
  }

  get canUndo(): boolean {
    return this.#back.length > 0
  }

  get canRedo(): boolean {
    return this.#forth.length > 0
  }

  /**
   * Pushes commands, and remembers them as part of the step that is under way, if there is one.
   * Commands for the same `step` join it while it is the last one; added pictures always do.
   */
  push(commands: readonly Command[], step?: object, previews?: Previews): void {
    this.#watch(() => {
      this.#note(commands, step)
      this.#queue.push(commands, previews)
    })
  }

  /** Takes the last step back. Returns false when there was none that still could be. */
  undo(): boolean {
    return this.#watch(() => this.#step(this.#back, this.#forth))
  }

  /** Does the step again that was taken back last. Returns false when there was none. */
  redo(): boolean {
    return this.#watch(() => this.#step(this.#forth, this.#back))
  }

  /** Runs what may change whether there is something to undo or redo. */
  #watch<T>(run: () => T): T {
    const { canUndo, canRedo } = this
    const result = run()
    if (canUndo !== this.canUndo || canRedo !== this.canRedo) this.#events.emit('undo', undefined)
    return result
  }

  #note(commands: readonly Command[], step?: object): void {
    const inverse = this.#inverse(commands)
    if (inverse.length === 0) return
    this.#forth = []
    const named = step && this.#named.get(step)
    const isAdded = commands.every(({ kind }) => kind === 'image.add')
    const joins = named && (isAdded ? this.#back.includes(named) : this.#back.at(-1) === named)
    const open = joins ? named : this.#open
    if (open) {
      const restored = restoredFields(open)
      open.unshift(...inverse.filter((command) => !isCovered(command, restored)))
    } else {
      this.#back.push(inverse)
      this.#back = this.#back.slice(-UNDO_STEP_COUNT)
      this.#open = inverse
      if (step) this.#named.set(step, inverse)
      queueMicrotask(() => {
        this.#open = null
      })
    }
  }

  #step(from: Command[][], to: Command[][]): boolean {
    this.#open = null
    for (let step = from.pop(); step; step = from.pop()) {
      const revived = new Set<string>()
      const commands = step.filter((command) => this.#matters(command, revived))
      if (commands.length === 0) continue
      to.push(this.#inverse(commands))
      this.#queue.push(commands)
      return true
    }
    return false
  }

  #inverse(commands: readonly Command[]): Command[] {
    return commands.flatMap((command) => this.#inverseOf(command) ?? []).reverse()
  }

  #inverseOf(command: Command): Command | null {
    if (command.kind === 'board.patch')
      return { kind: 'board.patch', set: valuesOf(this.#shown.settings, command.set) }
    const { id } = command
    const picture = this.#shown.pictures.get(id)
    switch (command.kind) {
      case 'image.add':
      case 'image.copy':
        return { kind: 'image.remove', id }
      case 'image.remove':
        return picture?.deletedAt === null ? { kind: 'image.restore', id } : null
      case 'image.restore':
        return picture && picture.deletedAt !== null ? { kind: 'image.remove', id } : null
      case 'image.patch':
        return picture ? { kind: 'image.patch', id, set: valuesOf(picture, command.set) } : null
      default:
        return null
    }
  }

  /** Whether a command would change what is shown, after the commands of its step before it. */
  #matters(command: Command, revived: Set<string>): boolean {
    if (command.kind === 'board.patch') return differs(command.set, this.#shown.settings)
    const picture = this.#shown.pictures.get(command.id)
    if (!picture) return false
    if (command.kind === 'image.restore') {
      revived.add(command.id)
      return picture.deletedAt !== null
    }
    if (picture.deletedAt !== null && !revived.has(command.id)) return false
    return command.kind !== 'image.patch' || differs(command.set, picture)
  }
}

/** Returns the fields that a step restores, by picture. */
function restoredFields(step: readonly Command[]): Map<string, Set<string>> {
  const restored = new Map<string, Set<string>>()
  for (const command of step) {
    if (command.kind !== 'image.patch') continue
    const fields = restored.get(command.id) ?? new Set()
    for (const field of Object.keys(command.set)) fields.add(field)
    restored.set(command.id, fields)
  }
  return restored
}

/** Whether a step restores all fields of a patch anyhow, to values that are older still. */
const isCovered = (patch: Command, restored: ReadonlyMap<string, ReadonlySet<string>>): boolean =>
  patch.kind === 'image.patch' &&
  Object.keys(patch.set).every((field) => restored.get(patch.id)?.has(field))

type Fields<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** Returns a record's own values of the fields that a patch names. */
function valuesOf<T extends object>(record: T, set: Fields<T>): Partial<T> {
  const fields = Object.keys(set) as (keyof T)[]
  return Object.fromEntries(fields.map((field) => [field, record[field]])) as Partial<T>
}

const differs = <T extends object>(set: Fields<T>, record: T): boolean =>
  (Object.keys(set) as (keyof T)[]).some((field) => set[field] !== record[field])
