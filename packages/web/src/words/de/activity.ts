import type { AuditAct, AuditEntry } from '@wirephoto/board'
import type { Translations } from '../tables.ts'
import { apart, days, list, number, ofMany, pictures } from './grammar.ts'

export const activity: Translations['activity'] = {
  hint: 'Wer auf diesem Board was getan hat, nur für seine Eigentümer.',
  empty: 'Noch nichts zu berichten.',
  emptyHint: 'Hier steht, was hinzugefügt, gelöscht und geändert wird.',
  entries: 'Was getan wurde',
  earlier: 'Früher',
  again: 'Noch einmal versuchen',
  loading: 'Die Liste wird geholt.',
  somebody: 'Jemand',
  you: 'Du',
  openLarge: (name) => `Groß öffnen: ${apart(name)}`,
  further: (n) => `und ${number(n)} mehr`,
  told: (by, { act, count, settings = {}, link }: AuditEntry) => {
    const n = pictures(count)
    const who = apart(by)
    const named = link
      ? `Link ${ROLE_WORDS[link.role]}${link.label && ` „${apart(link.label)}“`}`
      : ''
    const acts: Record<AuditAct, string> = {
      add: `${who}: ${n} hinzugefügt.`,
      remove: `${who}: ${n} gelöscht.`,
      replace: `${who}: ${n} mit anderer Datei.`,
      restore: `${who}: ${n} zurückgelegt.`,
      purge: `${who}: ${n} zum endgültigen Löschen bestimmt.`,
      keep: `${who}: ${n} im Papierkorb behalten.`,
      erase: `${n} ${ofMany(count, 'ist', 'sind')} endgültig weg.`,
      approve: `${who}: ${n} auf das Board gelassen.`,
      refuse: `${who}: ${n} abgelehnt.`,
      settings: `${who}: ${list(settingsTold(settings))}.`,
      'link-made': `${who}: ${named} erstellt.`,
      'link-changed': `${who}: ${named} geändert.`,
      'link-renewed': `${who}: ${named} erneuert. Der alte gilt nicht mehr.`,
      'link-revoked': `${who}: ${named} widerrufen.`,
      access: `${who}: geändert, wer auf dieses Board kommt.`,
      closed: `${who}: dieses Board geschlossen, außer für seine Links.`,
      came: `${who} kam mit ${link ? `dem ${named}` : 'einem Code'}.`,
    }
    return acts[act]
  },
}

const ROLE_WORDS = {
  view: 'zum Ansehen',
  add: 'zum Hinzufügen',
  edit: 'zum Ändern',
  own: 'zum Leiten',
} as const

const ADDING_WORDS = {
  open: 'Gäste hinzufügen lassen',
  held: 'Bilder von Gästen warten lassen',
  paused: 'Gäste nichts hinzufügen lassen',
} as const

function settingsTold({
  title,
  trashDays,
  keepMetadata,
  adding,
}: AuditEntry['settings'] & {}): string[] {
  const told: string[] = []
  if (title !== undefined)
    told.push(
      title === '' ? 'den Namen des Boards entfernt' : `das Board „${apart(title)}“ genannt`,
    )
  if (trashDays !== undefined) told.push(`den Papierkorb auf ${days(trashDays)} gestellt`)
  if (keepMetadata !== undefined)
    told.push(
      keepMetadata
        ? 'Bilder behalten lassen, was in ihren Dateien steht'
        : 'von jeder Datei nur das Bild behalten lassen',
    )
  if (adding !== undefined) told.push(ADDING_WORDS[adding])
  return told.length > 0 ? told : ['die Einstellungen geändert']
}
