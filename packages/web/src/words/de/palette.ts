import type { Translations } from '../tables.ts'

export const palette: Translations['palette'] = {
  synonyms: {
    openLarge: 'vergrößern ansehen vollbild zoom anzeigen',
    cancelSending: 'stoppen beenden upload hochladen',
    retry: 'wiederholen erneut versuchen senden',
    download: 'speichern exportieren datei original',
    showOnScreens: 'präsentieren projizieren beamer fernseher bildschirm',
    bringToFront: 'oben darüber ebene vordergrund',
    sendToBack: 'unten darunter ebene hintergrund',
    delete: 'entfernen wegwerfen beseitigen papierkorb weg',
    selectAll: 'markieren alles',
    caption: 'beschreiben titel text bildunterschrift name schreiben',
    copyPicture: 'zwischenablage',
    duplicate: 'kopieren klonen duplizieren',
    tidy: 'ordnen anordnen ausrichten sortieren raster reihen sauber',
    larger: 'vergrößern skalieren wachsen größe',
    smaller: 'verkleinern schrumpfen skalieren größe',
    fit: 'herauszoomen ganz alles übersicht einpassen zentrieren verkleinern',
    zoomIn: 'näher heran vergrößern hineinzoomen zoom',
    zoomOut: 'weiter weg verkleinern herauszoomen zoom',
    zoomReset: 'originalgröße zurücksetzen 100 zoom',
    selectTool: 'zeiger pfeil cursor bewegen',
    handTool: 'verschieben schwenken ziehen',
    choose: 'hinzufügen hochladen einfügen importieren öffnen dateien fotos neu gif animation',
    takePhoto: 'kamera knipsen fotografieren bild',
    paste: 'zwischenablage hinzufügen',
    undo: 'zurück zurücknehmen fehler schritt',
    redo: 'vorwärts noch einmal schritt',
    rename: 'titel name board nennen',
    share: 'einladen link senden leute zugang rechte qr code gäste',
    copyLink: 'teilen adresse url einladen',
    copyView: 'teilen stelle position adresse url',
    people: 'personen leute besucher gäste online name',
    openWall: 'präsentieren diashow bildschirm fernseher beamer mosaik zeigen',
    trash: 'mülleimer gelöscht wiederherstellen zurücklegen',
    boards: 'liste meine projekte alben wechseln andere',
    newBoard: 'erstellen anlegen anfangen album projekt',
    toFrontBoard: 'startseite haupt home',
    save: 'exportieren sichern herunterladen zip pdf drucken archiv',
    activity: 'protokoll änderungen wer geschichte',
    settings: 'optionen sprache übersetzen english aussehen metadaten',
    switchTheme: 'dunkel hell nacht tag modus farbe aussehen',
    keySheet: 'tastenkürzel tastatur hilfe',
    waitingPictures: 'moderieren freigeben prüfen warteschlange',
    pauseAdding: 'stoppen sperren gäste hochladen',
    holdPictures: 'moderieren freigeben prüfen gäste',
    clearBoard: 'alles löschen entfernen zurücksetzen',
    deleteAllByGuest: 'sperren verbannen spam entfernen',
  },
  notYet: {
    crop: {
      called: 'zuschneiden beschneiden ausschneiden schneiden',
      sentence: 'Bilder lassen sich hier noch nicht zuschneiden.',
    },
    rotate: {
      called: 'drehen rotieren spiegeln kippen',
      sentence: 'Bilder lassen sich hier noch nicht drehen.',
    },
    adjust: {
      called: 'filter helligkeit kontrast bearbeiten retuschieren weichzeichnen effekt',
      sentence: 'Bilder lassen sich hier noch nicht bearbeiten.',
    },
    video: {
      called: 'video film clip aufnehmen',
      sentence: 'Videos lassen sich noch nicht hinzufügen. Ein Standbild daraus schon.',
    },
    sound: {
      called: 'ton musik audio stimme',
      sentence: 'Töne lassen sich noch nicht hinzufügen.',
    },
    draw: {
      called: 'zeichnen malen stift skizze markieren form',
      sentence: 'Auf einem Board lässt sich noch nichts zeichnen.',
    },
    comment: {
      called: 'kommentar kommentieren chat antworten nachricht diskutieren',
      sentence:
        'Bilder lassen sich noch nicht kommentieren. Eine Bildunterschrift kann etwas sagen.',
    },
    note: {
      called: 'notiz zettel text überschrift schreiben',
      sentence:
        'Text kann noch nicht auf einem Board stehen. Eine Bildunterschrift kann etwas sagen.',
    },
    react: {
      called: 'gefällt like liken abstimmen emoji stern favorit bewerten herz',
      sentence: 'Über Bilder lässt sich noch nicht abstimmen.',
    },
    tag: {
      called: 'tag schlagwort stichwort kategorie gesicht',
      sentence: 'Bilder lassen sich noch nicht verschlagworten.',
    },
    group: {
      called: 'gruppe gruppieren ordner abschnitt rahmen album',
      sentence: 'Bilder lassen sich noch nicht gruppieren. Ein anderes Board kann sie aufnehmen.',
    },
    lock: {
      called: 'sperren fixieren anheften feststellen',
      sentence: 'Bilder lassen sich noch nicht feststellen.',
    },
  },
}
