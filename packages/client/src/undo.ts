import type { BoardRecord, Command, ImageRecord } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import { targetOf } from './replica.ts'
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
  push(commands: readonly Command[]): void
}

/** A step, as the commands that take it back. */
interface Step {
  readonly commands: Command[]
  /** The values that the step left, by picture (`board` for the settings) and field. */
  readonly left: Map<string, Left>
}

interface Left {
  /** How high a picture lay that it took out of the trash: the server may have put it on top (P60). */
  readonly height?: string | undefined
}

/**
 * Our own steps. A step back restores the fields that the step changed and no others. Changes that others
 * made since stay, and are reported. Pictures that are gone for good are skipped.
 */
export class Undo {
  readonly #shown: Shown
  readonly #queue: CommandSink
  readonly #events: Emitter<BoardEvents>
  #back: Step[] = []
  #forth: Step[] = []
  /** The step that all commands of this turn of the event loop belong to. */
  #open: Step | null = null
  readonly #named = new WeakMap<object, Step>()
  /** Whether something could be undone and redone when that was told last. */
  #could = { undo: false, redo: false }

  constructor(shown: Shown, queue: CommandSink, events: Emitter<BoardEvents>) {
    this.#shown = shown
    this.#queue = queue
    this.#events = events
  }

  /** Whether something of a step can still be taken back. */
  get canUndo(): boolean {
    return this.#isPossible(this.#back)
  }

  get canRedo(): boolean {
    return this.#isPossible(this.#forth)
  }

  /** Tells if others have changed what can be undone or redone. Call it whenever the shown board has changed. */
  review(): void {
    const { canUndo, canRedo } = this
    if (canUndo === this.#could.undo && canRedo === this.#could.redo) return
    this.#could = { undo: canUndo, redo: canRedo }
    this.#events.emit('undo', undefined)
  }

  /**
   * Pushes commands, and remembers them as part of the step that is under way, if there is one.
   * Commands for the same `step` join it while it is the last one; added pictures always do.
   */
  push(commands: readonly Command[], step?: object): void {
    this.#note(commands, step)
    this.#queue.push(commands)
    this.review()
  }

  /** Takes the last step back, as far as it is still ours. Returns false when there was none. */
  undo(): boolean {
    const isDone = this.#step(this.#back, this.#forth)
    this.review()
    return isDone
  }

  /** Does the step again that was taken back last. Returns false when there was none. */
  redo(): boolean {
    const isDone = this.#step(this.#forth, this.#back)
    this.review()
    return isDone
  }

  #note(commands: readonly Command[], step?: object): void {
    const noted = this.#reversal(commands)
    if (noted.commands.length === 0) return
    this.#forth = []
    const named = step && this.#named.get(step)
    const isAdded = commands.every(({ kind }) => kind === 'image.add')
    const joins = named && (isAdded ? this.#back.includes(named) : this.#back.at(-1) === named)
    const open = joins ? named : this.#open
    if (open) {
      const restored = restoredFields(open.commands)
      open.commands.unshift(...noted.commands.filter((command) => !isCovered(command, restored)))
      for (const [id, left] of noted.left) open.left.set(id, { ...open.left.get(id), ...left })
    } else {
      this.#back.push(noted)
      this.#back = this.#back.slice(-UNDO_STEP_COUNT)
      this.#open = noted
      if (step) this.#named.set(step, noted)
      queueMicrotask(() => {
        this.#open = null
      })
    }
  }

  #isPossible(steps: readonly Step[]): boolean {
    return steps.findLast((step) => !this.#stillOurs(step, new Set()).next().done) !== undefined
  }

  #step(from: Step[], to: Step[]): boolean {
    this.#open = null
    for (let step = from.pop(); step; step = from.pop()) {
      const overtaken = new Set<string>()
      const commands = [...this.#stillOurs(step, overtaken)]
      if (commands.length > 0) {
        to.push(this.#reversal(commands))
        this.#queue.push(commands)
      }
      if (overtaken.size > 0) this.#events.emit('overtaken', overtaken)
      if (commands.length + overtaken.size > 0) return true
    }
    return false
  }

  #reversal(commands: readonly Command[]): Step {
    const left = new Map<string, Left>()
    for (const command of commands) {
      const id = targetOf(command)
      if ('set' in command) left.set(id, { ...left.get(id), ...command.set })
      else if (command.kind === 'image.restore')
        left.set(id, { ...left.get(id), height: this.#shown.pictures.get(id)?.z })
    }
    return {
      commands: commands.flatMap((command) => this.#inverseOf(command) ?? []).reverse(),
      left,
    }
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
      case 'image.purge':
        return picture?.purgeAt === null ? { kind: 'image.keep', id } : null
      case 'image.revert':
        return command
      case 'image.patch':
        return picture ? { kind: 'image.patch', id, set: valuesOf(picture, command.set) } : null
      default:
        return null
    }
  }

  /**
   * Yields what of a step can still be taken back. Adds the ids of what others changed or deleted since to
   * `overtaken`.
   */
  *#stillOurs({ commands, left }: Step, overtaken: Set<string>): Generator<Command> {
    const revived = new Set<string>()
    const ours = <T extends object>(id: string, now: T, set: Fields<T>): Fields<T> | null => {
      const values = left.get(id) as Fields<T> | undefined
      const own: { [K in keyof T]?: T[K] | undefined } = {}
      for (const field of Object.keys(set) as (keyof T)[]) {
        if (set[field] === now[field]) continue
        if (values?.[field] === now[field]) own[field] = set[field]
        else overtaken.add(id)
      }
      return Object.keys(own).length > 0 ? own : null
    }
    for (const command of commands) {
      if (command.kind === 'board.patch') {
        const set = ours('board', this.#shown.settings, command.set)
        if (set) yield { ...command, set }
        continue
      }
      const { id } = command
      const picture = this.#shown.pictures.get(id)
      if (!picture) continue
      if (command.kind === 'image.restore') {
        revived.add(id)
        if (picture.deletedAt !== null) yield command
        continue
      }
      if (command.kind === 'image.keep') {
        if (picture.purgeAt !== null) yield command
        continue
      }
      const isTrashed = picture.deletedAt !== null && !revived.has(id)
      const z = left.get(id)?.height
      if (command.kind === 'image.remove' && !isTrashed && z && z !== picture.z)
        yield { kind: 'image.patch', id, set: { z } }
      if (command.kind !== 'image.patch') {
        // The file that is to go is the one that is there by then.
        const isRevert = command.kind === 'image.revert' && picture.blob !== null
        if (!isTrashed) yield isRevert ? { ...command, blob: picture.blob! } : command
      } else if (isTrashed) overtaken.add(id)
      else {
        const set = ours(id, picture, command.set)
        if (set) yield { ...command, set }
      }
    }
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
