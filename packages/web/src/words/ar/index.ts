import type { Translations } from '../tables.ts'
import { activity } from './activity.ts'
import { errors } from './errors.ts'
import { feed } from './feed.ts'
import { file } from './file.ts'
import { gate } from './gate.ts'
import { home } from './home.ts'
import { host } from './host.ts'
import { notices } from './notices.ts'
import { overlay } from './overlay.ts'
import { owners } from './owners.ts'
import { page } from './page.ts'
import { palette } from './palette.ts'
import { panels } from './panels.ts'
import { save } from './save.ts'
import { share } from './share.ts'
import { wall } from './wall.ts'

/** All sentences in Arabic. */
export default {
  activity,
  errors,
  feed,
  file,
  gate,
  home,
  host,
  notices,
  overlay,
  owners,
  page,
  palette,
  panels,
  save,
  share,
  wall,
} satisfies Translations
