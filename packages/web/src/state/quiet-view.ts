import { searchForSlots } from './wall-slots.ts'

/** The orders of a wall's slideshow. */
export const SLIDE_ORDERS = ['newest', 'oldest', 'shuffled'] as const
export type SlideOrder = (typeof SLIDE_ORDERS)[number]

/** How long each picture of a slideshow may stand. */
export const PACES_S = [5, 8, 15, 30, 60] as const
const DEFAULT_PACE_S = 8

/** The view of a wall while nothing new comes. */
export interface QuietView {
  /** The order of its slideshow; null for the mosaic. */
  readonly slides: SlideOrder | null
  readonly paceS: number
}

/** Reads what a wall's address asks for. A part of it that makes no sense gives way to the usual. */
export function quietViewFrom(search: string): QuietView {
  const asked = new URLSearchParams(search)
  const pace = Number(asked.get('pace'))
  return {
    slides: SLIDE_ORDERS.find((order) => order === asked.get('slides')) ?? null,
    paceS: PACES_S.find((each) => each === pace) ?? DEFAULT_PACE_S,
  }
}

/** Returns the search part of an address that asks for this view; other parts of it stay. */
export function searchFor({ slides, paceS }: QuietView, search: string): string {
  const asked = new URLSearchParams(search)
  asked.delete('slides')
  asked.delete('pace')
  if (slides) asked.set('slides', slides)
  if (slides && paceS !== DEFAULT_PACE_S) asked.set('pace', String(paceS))
  return asked.size > 0 ? `?${asked}` : ''
}

/** Returns the next pace in that direction, or the same where there is none. */
export function paceBeside(paceS: number, direction: 1 | -1): number {
  const at = PACES_S.findIndex((each) => each === paceS)
  return PACES_S[at + direction] ?? paceS
}

/** Returns the next view of the round: the mosaic, and then a slideshow in each order. */
export function viewAfter({ slides, paceS }: QuietView): QuietView {
  const views = [null, ...SLIDE_ORDERS]
  return { slides: views[(views.indexOf(slides) + 1) % views.length]!, paceS }
}

/** Returns the address of a board's wall that opens with this view, by a link's secret if there is one. */
export const wallUrl = (
  board: string,
  {
    base,
    view,
    slots = [],
    secret,
  }: {
    readonly base: string
    readonly view: QuietView
    /** The live slots that it shows; none for all pictures. */
    readonly slots?: readonly string[]
    readonly secret: string | null
  },
): string => {
  const search = searchForSlots(slots, searchFor(view, ''))
  return `${base}/b/${board}/show${search}${secret === null ? '' : `#${secret}`}`
}
