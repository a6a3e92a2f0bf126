import type { BoardRecord, Command, ImageRecord } from '@wirephoto/board'

/** Steps that are remembered. */
const UNDO_STEP_COUNT = 200

/** What the board shows. */
interface Shown {
  readonly pictures: ReadonlyMap<string, ImageRecord>
  readonly settings: BoardRecord
}

/**
 * One's own steps, each as the commands that take it back. A step back gives back the fields that the
 * step changed and no others, whatever has happened to them since; what is gone by then is skipped.
 */
export class Undo {
  readonly #shown: Shown
  readonly #act: (commands: readonly Command[]) => void
  #back: Command[][] = []
  #forth: Command[][] = []
  /** The step that what is asked for in this turn of the event loop belongs to. */
  #open: Command[] | null = null
  readonly #named = new WeakMap<object, Command[]>()

  constructor(shown: Shown, act: (commands: readonly Command[]) => void) {
    this.#shown = shown
    this.#act = act
  }

  get canUndo(): boolean {
    return this.#back.length > 0
  }

  get canRedo(): boolean {
    return this.#forth.length > 0
  }

  /**
   * Remembers commands that are about to be done, as part of a step that is under way, if there is one.
   * For the same `step` they are part of that one while it is the last, and what is added always.
   */
  note(commands: readonly Command[], step?: object): void {
    const inverse = this.#inverse(commands)
    if (inverse.length === 0) return
    this.#forth = []
    const named = step && this.#named.get(step)
    const isAdded = commands.every(({ kind }) => kind === 'image.add')
    const joins = named && (isAdded ? this.#back.includes(named) : this.#back.at(-1) === named)
    const open = joins ? named : this.#open
    if (open) open.unshift(...inverse.filter((command) => !isCovered(command, open)))
    else {
      this.#back.push(inverse)
      this.#back = this.#back.slice(-UNDO_STEP_COUNT)
      this.#open = inverse
      if (step) this.#named.set(step, inverse)
      queueMicrotask(() => {
        this.#open = null
      })
    }
  }

  /** False when there was nothing to take back. */
  undo(): boolean {
    return this.#step(this.#back, this.#forth)
  }

  redo(): boolean {
    return this.#step(this.#forth, this.#back)
  }

  #step(from: Command[][], to: Command[][]): boolean {
    this.#open = null
    for (let step = from.pop(); step; step = from.pop()) {
      const revived = new Set<string>()
      const commands = step.filter((command) => this.#matters(command, revived))
      if (commands.length === 0) continue
      to.push(this.#inverse(commands))
      this.#act(commands)
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

  /** Whether a command would change what is seen, after those of its step before it. */
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

/** Whether a step gives these fields back anyhow, as they were earlier still. */
const isCovered = (patch: Command, step: readonly Command[]): boolean =>
  patch.kind === 'image.patch' &&
  step.some(
    (each) =>
      each.kind === 'image.patch' &&
      each.id === patch.id &&
      Object.keys(patch.set).every((field) => field in each.set),
  )

type Fields<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** A record's own values of the fields that a patch names. */
function valuesOf<T extends object>(record: T, set: Fields<T>): Partial<T> {
  const fields = Object.keys(set) as (keyof T)[]
  return Object.fromEntries(fields.map((field) => [field, record[field]])) as Partial<T>
}

const differs = <T extends object>(set: Fields<T>, record: T): boolean =>
  (Object.keys(set) as (keyof T)[]).some((field) => set[field] !== record[field])
