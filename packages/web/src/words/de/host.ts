import type { Translations } from '../tables.ts'
import { apart, days, number, pictures, plural } from './grammar.ts'

export const host: Translations['host'] = {
  deleteAllByGuest: 'Alles von diesem Gast löschen',
  deleteAllBy: (name, n) =>
    `${plural(n, { one: 'Das Bild', other: 'Alle # Bilder' })} von ${apart(name) || 'diesem Gast'} löschen`,
  deletedAllBy: (name, n) => `${pictures(n)} von ${apart(name) || 'einem Gast'} gelöscht.`,

  clearBoard: 'Das Board leeren',
  askClear: (n) =>
    plural(n, {
      one: 'Das 1 Bild auf diesem Board in den Papierkorb legen?',
      other: 'Alle # Bilder auf diesem Board in den Papierkorb legen?',
    }),
  clearHint: (n) => `Alle hier sehen sie verschwinden. Zurücklegen geht noch ${days(n)} lang.`,
  clear: (n) => `${pictures(n)} wegräumen`,
  keepBoard: 'Liegen lassen',
  cleared: (n) => `Das Board ist leer: ${pictures(n)} im Papierkorb.`,

  guests: 'Bilder von Gästen',
  adding: { open: 'Kommen sofort', held: 'Warten auf mich', paused: 'Angehalten' },
  addingHints: {
    open: 'Wer den Link zum Hinzufügen hat, bringt Bilder sofort auf das Board.',
    held: 'Was mit dem Link zum Hinzufügen kommt, wartet auf die Freigabe. Vorher sieht es sonst niemand.',
    paused:
      'Mit dem Link zum Hinzufügen kommt nichts, bis das geändert wird. Gäste erfahren davon.',
  },
  isPaused: 'Das Hinzufügen ist gerade angehalten.',
  pauseAdding: 'Hinzufügen anhalten',
  resumeAdding: 'Gäste wieder hinzufügen lassen',
  haveWait: 'Bilder von Gästen auf mich warten lassen',
  letCome: 'Bilder von Gästen sofort kommen lassen',
  addingIs: {
    open: 'Bilder von Gästen kommen jetzt sofort auf das Board.',
    held: 'Bilder von Gästen warten jetzt auf die Freigabe.',
    paused: 'Das Hinzufügen ist angehalten. Gäste erfahren davon.',
  },

  waitingPictures: 'Wartende Bilder',
  wait: (n) => plural(n, { one: '1 wartet', other: '# warten' }),
  waitForYou: (n) =>
    plural(n, { one: '1 Bild wartet auf dich', other: '# Bilder warten auf dich' }),
  noneWaits: 'Nichts wartet.',
  noneWaitsHint: 'Bilder von Gästen kommen zuerst hierher.',
  noneWaitHereHint:
    'Bilder von Gästen kommen zurzeit nicht hierher. In den Einstellungen lassen sie sich warten.',
  waitingPicture: (name, by) => (by ? `${apart(name)}, von ${apart(by)}` : name),
  approve: 'Freigeben',
  refuse: 'Ablehnen',
  approveAll: (n) => plural(n, { one: '1 freigeben', other: 'Alle # freigeben' }),
  askApproveAll: (n) =>
    plural(n, {
      one: 'Das 1 wartende Bild auf das Board lassen?',
      other: 'Alle # wartenden Bilder auf das Board lassen?',
    }),
  letWait: 'Warten lassen',
  stillArriving: 'Dieses Bild ist noch unterwegs. Bitte gleich noch einmal freigeben.',
  refusedOne: (by) => `Das Bild von ${apart(by) || 'einem Gast'} ist abgelehnt.`,

  waitForHost: (n) =>
    plural(n, { one: '1 wartet auf die Freigabe', other: '# warten auf die Freigabe' }),
  waitForHostHint: 'Auf das Board kommen sie, sobald sie freigegeben sind.',
  takeBack: 'Zurücknehmen',
  waits: 'wartet',
  arriving: 'unterwegs',
  notTaken: (n) =>
    n === 1
      ? 'Dein Bild wurde nicht auf das Board gelassen.'
      : `${number(n)} deiner Bilder wurden nicht auf das Board gelassen.`,
}
