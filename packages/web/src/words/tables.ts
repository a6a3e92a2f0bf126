import type { errorMessages, noticeMessages } from '@wirephoto/board'
import type { activityWords } from './activity.ts'
import type { feedWords } from './feed.ts'
import type { fileWords } from './file.ts'
import type { gateWords } from './gate.ts'
import type { homeWords } from './home.ts'
import type { hostWords } from './host.ts'
import type { overlayWords } from './overlay.ts'
import type { ownerWords } from './owners.ts'
import type { words } from './page.ts'
import type { paletteWords } from './palette.ts'
import type { panelWords } from './panels.ts'
import type { saveWords } from './save.ts'
import type { shareWords } from './share.ts'
import type { wallWords } from './wall.ts'

/** A table in another language: the same sentences, made of the same facts. */
type Translation<T> = T extends string
  ? string
  : T extends (...facts: infer Facts) => string
    ? (...facts: Facts) => string
    : { readonly [K in keyof T]: Translation<T[K]> }

/** All tables by name. Another language has each of them. */
export interface Translations {
  readonly activity: Translation<typeof activityWords>
  readonly errors: typeof errorMessages
  readonly feed: Translation<typeof feedWords>
  readonly file: Translation<typeof fileWords>
  readonly gate: Translation<typeof gateWords>
  readonly home: Translation<typeof homeWords>
  readonly host: Translation<typeof hostWords>
  readonly notices: Translation<typeof noticeMessages>
  readonly overlay: Translation<typeof overlayWords>
  readonly owners: Translation<typeof ownerWords>
  readonly page: Translation<typeof words>
  readonly palette: Translation<typeof paletteWords>
  readonly panels: Translation<typeof panelWords>
  readonly save: Translation<typeof saveWords>
  readonly share: Translation<typeof shareWords>
  readonly wall: Translation<typeof wallWords>
}
