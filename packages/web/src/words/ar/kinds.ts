/** The kinds of files that are refused, by their names in the table of kinds. A format of pictures has its own form. */
const kinds: Readonly<Record<string, string>> = {
  'a camera file': 'ملف كاميرا خام',
  'a sound': 'تسجيل صوتي',
  'a video': 'فيديو',
  'a PDF': 'ملف PDF',
  'an Illustrator drawing': 'رسم Illustrator',
  'a PostScript drawing': 'رسم PostScript',
  'a GIMP file': 'ملف GIMP',
  'an InDesign document': 'مستند InDesign',
  'an Affinity document': 'مستند Affinity',
  'a CorelDRAW drawing': 'رسم CorelDRAW',
  'a Clip Studio file': 'ملف Clip Studio',
  'a Krita file': 'ملف Krita',
  'an OpenRaster file': 'ملف OpenRaster',
  'a Procreate file': 'ملف Procreate',
  'a Sketch file': 'ملف Sketch',
  'a Figma file': 'ملف Figma',
  'an Adobe XD file': 'ملف Adobe XD',
  'a CAD drawing': 'رسم CAD',
  'a Blender scene': 'مشهد Blender',
  'a draw.io drawing': 'رسم draw.io',
  'an Excalidraw drawing': 'رسم Excalidraw',
  'an office document': 'مستند مكتبي',
  'a document of an older program': 'مستند من برنامج قديم',
  'a compressed SVG': 'ملف SVG مضغوط',
  'a Live Photo': 'صورة Live Photo',
  'an archive': 'ملف مضغوط',
  'an icon': 'أيقونة',
  'a pointer': 'مؤشر فأرة',
  'a BigTIFF': 'ملف BigTIFF',
  'a Windows metafile': 'ملف Windows Metafile',
  'a texture': 'نقش ثلاثي الأبعاد',
  'a font': 'خط',
  'a link, not the picture': 'رابط، لا الصورة نفسها',
  'still in iCloud': 'ما زال في iCloud',
  'a list of edits, not the picture': 'قائمة تعديلات، لا الصورة نفسها',
  'a web page': 'صفحة ويب',
  'a program': 'برنامج',
  'a database': 'قاعدة بيانات',
  'a text': 'نص',
}

/** The ways on, by the sentences of the table of kinds. */
const waysOn: Readonly<Record<string, string>> = {
  'Export it as JPEG and add that.': 'يُرجى تصديره بصيغة JPEG وإضافة الناتج.',
  'Only pictures can be added.': 'لا تُضاف إلا الصور.',
  "Videos can't be added, a still from one can.": 'لا تُضاف الفيديوهات، وتُضاف صورة ثابتة منها.',
  'Export its page as PNG and add that.': 'يُرجى تصدير صفحته بصيغة PNG وإضافة الناتج.',
  'Export it as PNG and add that.': 'يُرجى تصديره بصيغة PNG وإضافة الناتج.',
  'Save it as plain SVG and add that.': 'يُرجى حفظه بصيغة SVG عادية وإضافة الناتج.',
  'Export its still as JPEG and add that.': 'يُرجى تصدير الصورة الثابتة بصيغة JPEG وإضافتها.',
  'Unpack it and add the pictures inside.': 'يُرجى فك ضغطه وإضافة الصور التي فيه.',
  'Save it as PNG and add that.': 'يُرجى حفظه بصيغة PNG وإضافة الناتج.',
  'Open it and add the picture itself.': 'يُرجى فتحه وإضافة الصورة نفسها.',
  'Download the picture and add that.': 'يُرجى تنزيل الصورة وإضافتها.',
  'Add the picture itself.': 'يُرجى إضافة الصورة نفسها.',
  'Open it and add the picture from there.': 'يُرجى فتحها وإضافة الصورة من هناك.',
}

/** Returns the name of a kind. */
export const kindName = (name: string): string =>
  kinds[name] ?? name.replace(/^an? (.+) picture$/, 'صورة بصيغة $1')

export const wayOn = (sentence: string): string => waysOn[sentence] ?? ''
