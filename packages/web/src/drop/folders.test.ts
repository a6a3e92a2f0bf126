import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCompanion } from './folders.ts'

test('G9: the companions of pictures are known by name, and pictures are not among them', () => {
  const companions =
    'Thumbs.db|ehthumbs.db|desktop.ini|.DS_Store|._IMG_1.jpg|.picasa.ini|Picasa.ini|IMG_1.AAE|IMG_1.xmp|IMG_1.jpg.XMP|__MACOSX|@eaDir|.thumbnails|MVI_1.THM|$RECYCLE.BIN'
  const others = 'IMG_1.jpg|thumbs.jpg|desktop.png|notes.txt|macosx.gif|eaDir.webp|xmp.jpg'
  const wrong = [
    ...companions.split('|').filter((name) => !isCompanion(name)),
    ...others.split('|').filter(isCompanion),
  ]
  assert.deepEqual(wrong, [])
})
