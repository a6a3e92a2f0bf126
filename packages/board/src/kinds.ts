import { limits } from './limits.ts'
import type { MediaType } from './media-types.ts'

/** Codes of the kinds that are refused: the others are told by what a file holds. */
export type RefusedKindCode =
  | 'not-a-picture'
  | 'video'
  | 'camera-file'
  | 'document'
  | 'other-format'

interface KindMarks {
  /** As people say it. A refused kind has its article: "a camera file". */
  readonly name: string
  /** Endings of file names, without the dot. */
  readonly extensions: readonly string[]
  /** First bytes as Latin-1, and where they begin if that isn't 0. `?` stands for any byte. */
  readonly signatures: readonly (string | readonly [at: number, bytes: string])[]
  /** Brands in a `ftyp` box (ISO/IEC 14496-12 section 4.3). */
  readonly brands?: readonly string[]
}

/** A kind of file that a board takes. */
export interface TakenKind extends KindMarks {
  readonly type: MediaType
  /** Pixels of a still picture (D3). Infinity for a drawing, which has none of its own. */
  readonly maxPixels: number
  /** Pixels of a picture that is in memory as a whole: progressive, interlaced, or of such a format. */
  readonly maxWholePixels: number
  /** Whether an operator may refuse it. The others are what previews and drawings come in. */
  readonly isOptional?: true
}

/** The kinds that a server's operator refuses, by their media types. */
export type RefusedTypes = ReadonlySet<MediaType>

/** A kind of file that people send, and that is refused in words. */
export interface RefusedKind extends KindMarks {
  readonly code: RefusedKindCode
  /** A sentence: what to do instead. */
  readonly wayOn: string
  /** Whether many programs put their own files into this one: then the file's name says which it is. */
  readonly isContainer?: true
}

export type Kind = TakenKind | RefusedKind

const split = (words: string): readonly string[] => words.split(' ')

/** Pixels of a picture that is in memory as a whole while it is decoded (D1). */
const MAX_WHOLE_PIXELS = 40_000_000
/** Pixels of a HEIC: libheif takes the longest of all. */
const MAX_HEIC_PIXELS = 50_000_000

/** Pixels of a JPEG XL: its decoder takes 40 bytes for each. */
const MAX_JXL_PIXELS = 30_000_000

const upTo = (maxPixels: number) => ({ maxPixels, maxWholePixels: maxPixels })
/** Such a picture may be progressive or interlaced. */
const inParts = { maxPixels: limits.maxPixels, maxWholePixels: MAX_WHOLE_PIXELS }

/** The kinds that a board takes, in the order in which people are told. The file's bytes decide alone. */
export const takenKinds: readonly TakenKind[] = [
  {
    name: 'JPEG',
    type: 'image/jpeg',
    extensions: split('jpg jpeg jpe jfif jif mpo'),
    signatures: ['\xff\xd8\xff'],
    ...inParts,
  },
  {
    name: 'PNG',
    type: 'image/png',
    extensions: split('png apng'),
    signatures: ['\x89PNG\r\n\x1a\n'],
    ...inParts,
  },
  {
    name: 'GIF',
    type: 'image/gif',
    extensions: ['gif'],
    signatures: ['GIF87a', 'GIF89a'],
    ...upTo(MAX_WHOLE_PIXELS),
  },
  {
    name: 'WebP',
    type: 'image/webp',
    extensions: ['webp'],
    signatures: ['RIFF????WEBP'],
    ...upTo(limits.maxPixels),
  },
  {
    name: 'AVIF',
    type: 'image/avif',
    extensions: split('avif avifs'),
    signatures: [],
    brands: split('avif avis'),
    ...upTo(limits.maxPixels),
    isOptional: true,
  },
  {
    name: 'HEIC',
    type: 'image/heic',
    extensions: split('heic heif hif heics heifs'),
    signatures: [],
    brands: split('heic heix hevc hevx heim heis hevm hevs mif1 msf1'),
    ...upTo(MAX_HEIC_PIXELS),
    isOptional: true,
  },
  {
    name: 'JPEG XL',
    type: 'image/jxl',
    extensions: ['jxl'],
    signatures: ['\xff\x0a', '\0\0\0\x0cJXL \r\n\x87\n'],
    ...upTo(MAX_JXL_PIXELS),
    isOptional: true,
  },
  {
    name: 'TIFF',
    type: 'image/tiff',
    extensions: split('tif tiff'),
    signatures: ['II*\0', 'MM\0*'],
    ...upTo(limits.maxPixels),
    isOptional: true,
  },
  {
    name: 'BMP',
    type: 'image/bmp',
    extensions: split('bmp dib'),
    // The reserved bytes are zero.
    signatures: ['BM????\0\0\0\0'],
    ...upTo(limits.maxPixels),
    isOptional: true,
  },
  {
    name: 'SVG',
    type: 'image/svg+xml',
    extensions: ['svg'],
    // It has no signature: `isSvg` looks for its first element.
    signatures: [],
    ...upTo(Number.POSITIVE_INFINITY),
    isOptional: true,
  },
  {
    name: 'PSD',
    type: 'image/vnd.adobe.photoshop',
    extensions: split('psd psb'),
    signatures: ['8BPS'],
    ...upTo(MAX_WHOLE_PIXELS),
    isOptional: true,
  },
]

const ONLY_PICTURES = 'Only pictures can be added.'
const SAVE_AS_PNG = 'Save it as PNG and add that.'
const EXPORT_PNG = 'Export it as PNG and add that.'

/** A format of pictures that a board doesn't take. */
const format = (
  name: string,
  extensions: string,
  ...signatures: KindMarks['signatures']
): RefusedKind => ({
  name,
  code: 'other-format',
  extensions: split(extensions),
  signatures,
  wayOn: SAVE_AS_PNG,
})

/** A program's own file. */
const design = (
  name: string,
  extensions: string,
  ...signatures: KindMarks['signatures']
): RefusedKind => ({
  name,
  code: 'document',
  extensions: split(extensions),
  signatures,
  wayOn: EXPORT_PNG,
})

/** The raw files of cameras. Most of them are TIFFs by their first bytes. */
export const cameraKind: RefusedKind = {
  name: 'a camera file',
  code: 'camera-file',
  extensions: split(
    '3fr ari arw bay cap cr2 cr3 crw dcr dcs dng eip erf fff gpr iiq k25 kdc mef mos mrw nef nrw orf pef ptx raf raw rw2 rwl sr2 srf srw x3f',
  ),
  signatures: [
    'II*\0\x10\0\0\0CR',
    'FUJIFILMCCD-RAW',
    'FOVb',
    '\0MRM',
    'IIU\0',
    'IIRO',
    'IIRS',
    'MMOR',
    [6, 'HEAPCCDR'],
  ],
  brands: ['crx '],
  wayOn: 'Export it as JPEG and add that.',
}

/** The kinds that are refused in words of their own. The first one that fits is told. */
export const refusedKinds: readonly RefusedKind[] = [
  cameraKind,
  {
    name: 'a sound',
    code: 'not-a-picture',
    extensions: split('mp3 m4a m4b aac flac wav aif aiff oga opus wma mid midi amr caf mka'),
    signatures: [
      'ID3',
      'fLaC',
      'RIFF????WAVE',
      'MThd',
      'FORM????AIF',
      '#!AMR',
      'caff',
      '\xff\xfb',
      '\xff\xf3',
      '\xff\xf2',
      '\xff\xf1',
      '\xff\xf9',
      [28, '\x01vorbis'],
      [28, 'OpusHead'],
    ],
    brands: ['M4A ', 'M4B ', 'M4P '],
    wayOn: ONLY_PICTURES,
  },
  {
    name: 'a video',
    code: 'video',
    extensions: split(
      '3g2 3gp asf avi dv f4v flv insv lrv m2ts m2v m4v mkv mov mp4 mpeg mpg mts mxf ogm ogv qt rm rmvb vob webm wmv',
    ),
    signatures: [
      '\x1aE\xdf\xa3',
      'RIFF????AVI ',
      '\0\0\x01\xba',
      '\0\0\x01\xb3',
      '0&\xb2u\x8ef\xcf\x11',
      'FLV\x01',
      'OggS',
      '.RMF',
      'YUV4MPEG2',
      '\x06\x0e+4\x02',
      // QuickTime from before there was a `ftyp`.
      [4, 'moov'],
      [4, 'mdat'],
      [4, 'wide'],
      // A transport stream repeats its first byte every 188 bytes, or 192.
      `G${'?'.repeat(187)}G${'?'.repeat(187)}G`,
      `????G${'?'.repeat(191)}G${'?'.repeat(191)}G`,
    ],
    wayOn: "Videos can't be added, a still from one can.",
  },
  {
    name: 'a PDF',
    code: 'document',
    extensions: ['pdf'],
    signatures: ['%PDF-'],
    isContainer: true,
    wayOn: 'Export its page as PNG and add that.',
  },
  design('an Illustrator drawing', 'ai ait'),
  design('a PostScript drawing', 'eps epsf epsi ps', '%!PS', '\xc5\xd0\xd3\xc6'),
  design('a GIMP file', 'xcf', 'gimp xcf'),
  design('an InDesign document', 'indd indt', '\x06\x06\xed\xf5\xd8\x1d\x46\xe5'),
  design('an Affinity document', 'afphoto afdesign afpub af', '\0\xffKA'),
  design('a CorelDRAW drawing', 'cdr cdt', 'RIFF????CDR', 'RIFF????cdr'),
  design('a Clip Studio file', 'clip', 'CSFCHUNK'),
  design('a Krita file', 'kra', [38, 'application/x-krita']),
  design('an OpenRaster file', 'ora', [38, 'image/openraster']),
  design('a Procreate file', 'procreate'),
  design('a Sketch file', 'sketch'),
  design('a Figma file', 'fig', 'fig-kiwi'),
  design('an Adobe XD file', 'xd'),
  design('a CAD drawing', 'dwg dxf dwt', 'AC10'),
  design('a Blender scene', 'blend', 'BLENDER'),
  design('a draw.io drawing', 'drawio dio'),
  design('an Excalidraw drawing', 'excalidraw'),
  {
    name: 'an office document',
    code: 'document',
    extensions: split(
      'doc docx dot dotx docm xls xlsx xlsm xlsb ppt pptx pps ppsx pptm odt ods odp odg rtf pages numbers key vsd vsdx pub one epub djvu',
    ),
    signatures: [
      '{\\rtf',
      'AT&TFORM',
      [30, '[Content_Types].xml'],
      [30, 'word/'],
      [30, 'ppt/'],
      [30, 'xl/'],
      [30, '_rels/'],
      [38, 'application/vnd.'],
      [38, 'application/epub'],
    ],
    isContainer: true,
    wayOn: 'Export its page as PNG and add that.',
  },
  {
    name: 'a document of an older program',
    code: 'document',
    extensions: split('msg mpp wps'),
    signatures: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
    isContainer: true,
    wayOn: EXPORT_PNG,
  },
  { ...format('a compressed SVG', 'svgz'), wayOn: 'Save it as plain SVG and add that.' },
  {
    name: 'a Live Photo',
    code: 'not-a-picture',
    extensions: split('livp pvt'),
    signatures: [],
    wayOn: 'Export its still as JPEG and add that.',
  },
  {
    name: 'an archive',
    code: 'not-a-picture',
    extensions: split('zip rar 7z gz tgz bz2 xz zst tar cab iso dmg cbz cbr lz4 jar apk'),
    signatures: [
      'PK\x03\x04',
      'PK\x05\x06',
      'PK00PK',
      'Rar!\x1a\x07',
      "7z\xbc\xaf'\x1c",
      '\x1f\x8b',
      'BZh',
      '\xfd7zXZ\0',
      '(\xb5/\xfd',
      'MSCF',
      '\x04"M\x18',
      [257, 'ustar'],
    ],
    isContainer: true,
    wayOn: 'Unpack it and add the pictures inside.',
  },
  format('a JPEG 2000 picture', 'jp2 j2k j2c jpf jpx jpm', '\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'),
  format('a JPEG XR picture', 'jxr wdp hdp', 'II\xbc'),
  format('a JPEG-LS picture', 'jls', '\xff\xd8\xff\xf7'),
  format('an icon', 'ico', '\0\0\x01\0'),
  format('a pointer', 'cur ani', '\0\0\x02\0', 'RIFF????ACON'),
  format('an icon', 'icns', 'icns'),
  format('a BigTIFF', 'btf', 'II+\0', 'MM\0+'),
  format('a TGA picture', 'tga icb vda vst', '\0\0\x02\0\0\0\0\0', '\0\0\x0a\0\0\0\0\0'),
  format('a PCX picture', 'pcx', '\x0a\x05\x01', '\x0a\x03\x01', '\x0a\x02\x01'),
  format(
    'a PNM picture',
    'pnm pbm pgm ppm pam pfm',
    ...[1, 2, 3, 4, 5, 6, 7].flatMap((n) => [`P${n}\n`, `P${n} `, `P${n}\r`]),
    'PF\n',
    'Pf\n',
  ),
  format('a DDS picture', 'dds', 'DDS '),
  format('an HDR picture', 'hdr', '#?RADIANCE', '#?RGBE'),
  format('an OpenEXR picture', 'exr', 'v/1\x01'),
  format('a QOI picture', 'qoi', 'qoif'),
  format('a BPG picture', 'bpg', 'BPG\xfb'),
  format('a FLIF picture', 'flif', 'FLIF'),
  format('an MNG picture', 'mng jng', '\x8aMNG', '\x8bJNG'),
  format('a Windows metafile', 'wmf emf', '\xd7\xcd\xc6\x9a', [40, ' EMF']),
  format('an XPM picture', 'xpm xbm', '/* XPM */'),
  format('an SGI picture', 'sgi rgb bw', '\x01\xda\0', '\x01\xda\x01'),
  format('a Sun raster picture', 'ras sun', '\x59\xa6\x6a\x95'),
  format('a PICT picture', 'pict pct'),
  format('a farbfeld picture', 'ff', 'farbfeld'),
  format('a FITS picture', 'fits fit fts', 'SIMPLE  ='),
  format('a DICOM picture', 'dcm dicom', [128, 'DICM']),
  format('a texture', 'ktx ktx2 pvr', '\xabKTX', 'PVR\x03'),
  {
    name: 'a font',
    code: 'not-a-picture',
    extensions: split('ttf otf ttc woff woff2 eot'),
    signatures: ['\0\x01\0\0\0', 'OTTO', 'ttcf', 'wOFF', 'wOF2', 'true\0'],
    wayOn: ONLY_PICTURES,
  },
  {
    name: 'a link, not the picture',
    code: 'not-a-picture',
    extensions: split('lnk url webloc desktop website'),
    signatures: ['L\0\0\0\x01\x14\x02\0', '[InternetShortcut]', '[Desktop Entry]'],
    wayOn: 'Open it and add the picture itself.',
  },
  {
    name: 'still in iCloud',
    code: 'not-a-picture',
    extensions: ['icloud'],
    signatures: [],
    wayOn: 'Download the picture and add that.',
  },
  {
    name: 'a list of edits, not the picture',
    code: 'not-a-picture',
    extensions: split('xmp aae pp3 dop on1 cos'),
    signatures: ['<x:xmpmeta', '<?xpacket'],
    wayOn: 'Add the picture itself.',
  },
  {
    name: 'a web page',
    code: 'not-a-picture',
    extensions: split('html htm xhtml mht mhtml webarchive php aspx'),
    signatures: split('<!DOCTYPE?html <!doctype?html <!DOCTYPE?HTML <!doctype?HTML <html <HTML'),
    wayOn: 'Open it and add the picture from there.',
  },
  {
    name: 'a program',
    code: 'not-a-picture',
    extensions: split('exe dll msi app bin so dylib class'),
    signatures: ['MZ', '\x7fELF', '\xca\xfe\xba\xbe', '\xcf\xfa\xed\xfe', '\xfe\xed\xfa', '#!/'],
    wayOn: ONLY_PICTURES,
  },
  {
    name: 'a database',
    code: 'not-a-picture',
    extensions: split('db sqlite sqlite3 mdb accdb lrcat'),
    signatures: ['SQLite format 3'],
    wayOn: ONLY_PICTURES,
  },
]

/** Text without a signature; `recognise` tells it by what its bytes lack. */
export const textKind: RefusedKind = {
  name: 'a text',
  code: 'not-a-picture',
  extensions: split('txt md csv tsv json xml yaml yml log css js ts eml ics vcf plist'),
  signatures: [],
  isContainer: true,
  wayOn: ONLY_PICTURES,
}
