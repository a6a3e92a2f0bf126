import type { Translations } from '../tables.ts'
import { apart } from './grammar.ts'

export const home: Translations['home'] = {
  preview: 'Bild ablegen, und alle auf diesem Board sehen es sofort.',
  title: 'Deine Boards',
  find: 'Ein Board suchen',
  nothing: 'Kein Board heißt so.',
  shared: 'Ein Board öffnen, um das Geteilte hinzuzufügen.',
  join: 'Mit einem Code dazukommen',
  rename: (title) => `${apart(title)} umbenennen`,
  name: (title) => `Neuer Name von ${apart(title)}`,
  keepName: 'Umbenennen',
  forget: (title) => `${apart(title)} aus der Liste nehmen`,
  forgotten: (title) =>
    `${apart(title)} steht nicht mehr in der Liste. Das Board selbst bleibt, für alle, die seinen Link haben.`,
  remove: (title) => `${apart(title)} endgültig löschen`,
  askRemove: (title) =>
    `${apart(title)} mit allen Bildern endgültig löschen? Niemand kann es zurückholen.`,
  keep: 'Behalten',
  removed: (title) => `${apart(title)} ist endgültig gelöscht.`,
  renamed: (title) => `Es heißt jetzt ${apart(title)}.`,
}
