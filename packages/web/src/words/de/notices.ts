import type { Translations } from '../tables.ts'
import { apart, list } from './grammar.ts'

export const notices: Translations['notices'] = {
  'jpeg-of-raw': ({ name }) =>
    `Das JPEG in ${apart(name)} ist hinzugefügt; die Rohdatei bleibt bei dir.`,
  'still-of-motion': ({ name }) =>
    `Das Standbild von ${apart(name)} ist hinzugefügt; das Video bleibt bei dir.`,
  'first-of-several': ({ name }) =>
    `Das erste Bild von ${apart(name)} ist hinzugefügt; die anderen bleiben bei dir.`,
  'first-frame': ({ name }) =>
    `Der erste Moment von ${apart(name)} ist hinzugefügt; als GIF gespeichert bewegt es sich.`,
  'merged-layers': ({ name }) =>
    `${apart(name)} ist als ein Bild hinzugefügt; die Ebenen bleiben bei dir.`,
  'svg-incomplete': ({ name, missing = [] }) =>
    `${apart(name)} ist nicht ganz gezeichnet${missing.length > 0 ? ` (es fehlt: ${list(missing)})` : ''}. Als PNG exportiert bleibt alles erhalten.`,
  'gain-map-lost': ({ name }) =>
    `${apart(name)} hat sein HDR verloren. Als AVIF exportiert bleibt es erhalten.`,
}
