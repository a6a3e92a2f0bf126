/** The kinds of files that are refused, by their names in the table of kinds. A format of pictures has its own form. */
const kinds: Readonly<Record<string, string>> = {
  'a camera file': 'eine Kamera-Rohdatei',
  'a sound': 'eine Tonaufnahme',
  'a video': 'ein Video',
  'a PDF': 'ein PDF',
  'an Illustrator drawing': 'eine Illustrator-Zeichnung',
  'a PostScript drawing': 'eine PostScript-Zeichnung',
  'a GIMP file': 'eine GIMP-Datei',
  'an InDesign document': 'ein InDesign-Dokument',
  'an Affinity document': 'ein Affinity-Dokument',
  'a CorelDRAW drawing': 'eine CorelDRAW-Zeichnung',
  'a Clip Studio file': 'eine Clip-Studio-Datei',
  'a Krita file': 'eine Krita-Datei',
  'an OpenRaster file': 'eine OpenRaster-Datei',
  'a Procreate file': 'eine Procreate-Datei',
  'a Sketch file': 'eine Sketch-Datei',
  'a Figma file': 'eine Figma-Datei',
  'an Adobe XD file': 'eine Adobe-XD-Datei',
  'a CAD drawing': 'eine CAD-Zeichnung',
  'a Blender scene': 'eine Blender-Szene',
  'a draw.io drawing': 'eine draw.io-Zeichnung',
  'an Excalidraw drawing': 'eine Excalidraw-Zeichnung',
  'an office document': 'ein Office-Dokument',
  'a document of an older program': 'ein Dokument eines älteren Programms',
  'a compressed SVG': 'ein komprimiertes SVG',
  'a Live Photo': 'ein Live Photo',
  'an archive': 'ein Archiv',
  'an icon': 'ein Symbol',
  'a pointer': 'ein Mauszeiger',
  'a BigTIFF': 'ein BigTIFF',
  'a Windows metafile': 'ein Windows-Metafile',
  'a texture': 'eine Textur',
  'a font': 'eine Schrift',
  'a link, not the picture': 'ein Link, nicht das Bild',
  'still in iCloud': 'noch in iCloud',
  'a list of edits, not the picture': 'eine Liste von Bearbeitungen, nicht das Bild',
  'a web page': 'eine Webseite',
  'a program': 'ein Programm',
  'a database': 'eine Datenbank',
  'a text': 'ein Text',
}

/** The ways on, by the sentences of the table of kinds. */
const waysOn: Readonly<Record<string, string>> = {
  'Export it as JPEG and add that.': 'Als JPEG exportieren und das hinzufügen.',
  'Only pictures can be added.': 'Nur Bilder lassen sich hinzufügen.',
  "Videos can't be added, a still from one can.":
    'Videos lassen sich nicht hinzufügen, ein Standbild daraus schon.',
  'Export its page as PNG and add that.': 'Die Seite als PNG exportieren und das hinzufügen.',
  'Export it as PNG and add that.': 'Als PNG exportieren und das hinzufügen.',
  'Save it as plain SVG and add that.': 'Als einfaches SVG speichern und das hinzufügen.',
  'Export its still as JPEG and add that.':
    'Das Standbild als JPEG exportieren und das hinzufügen.',
  'Unpack it and add the pictures inside.': 'Auspacken und die Bilder darin hinzufügen.',
  'Save it as PNG and add that.': 'Als PNG speichern und das hinzufügen.',
  'Open it and add the picture itself.': 'Öffnen und das Bild selbst hinzufügen.',
  'Download the picture and add that.': 'Das Bild herunterladen und das hinzufügen.',
  'Add the picture itself.': 'Das Bild selbst hinzufügen.',
  'Open it and add the picture from there.': 'Öffnen und das Bild von dort hinzufügen.',
}

/** Returns the name of a kind, with its article. */
export const kindName = (name: string): string =>
  kinds[name] ?? name.replace(/^an? (.+) picture$/, 'ein Bild im Format $1')

export const wayOn = (sentence: string): string => waysOn[sentence] ?? ''
