import type { AppState } from '../app-state.ts'

/** Presses that follow one another this closely are one undo step. */
const NUDGE_RUN_MS = 1_000

interface NudgeRun {
  readonly ids: ReadonlySet<string>
  readonly until: number
  readonly step: object
}

let run: NudgeRun = { ids: new Set(), until: 0, step: {} }

/** Moves the selected pictures by board units. `now` is the time of the key press in milliseconds. */
export function nudge(
  { boardStore, selection }: AppState,
  dx: number,
  dy: number,
  now: number,
): void {
  const ids = selection.ids()
  const step = ids === run.ids && now < run.until ? run.step : {}
  run = { ids, until: now + NUDGE_RUN_MS, step }
  const places = [...ids].flatMap((id) => {
    const record = boardStore.may('image.patch', id) && boardStore.get(id)
    return record ? [[id, { x: record.x + dx, y: record.y + dy }] as const] : []
  })
  boardStore.move(new Map(places), step)
}
