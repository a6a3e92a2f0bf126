import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import {
  type CameraExif,
  cameraPhoto,
  encodeAsCamera,
  exifSegment,
  segment,
  thumbnailOf,
  withCameraSegments,
  withSegments,
  xmpSegment,
} from '../../../test/support/camera-files.ts'
import { seededRandom } from '../../../test/support/pictures.ts'
import { cropOfThumbnail, findCameraThumbnail, type ThumbnailCrop } from './camera-thumbnail.ts'

/** Draws a light picture with a person in it: the red that must not appear once it is cut away. */
const draw = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#b8c8d0' } })
    .composite([
      {
        input: {
          create: { width: width >> 3, height: height >> 1, channels: 3, background: 'red' },
        },
        left: 8,
        top: height >> 2,
      },
    ])
    .png()
    .toBuffer()

/** Returns the part that is shown of the thumbnail inside a file; null for nothing. */
async function shownOf(file: Buffer): Promise<ThumbnailCrop | null> {
  const thumbnail = findCameraThumbnail(file)
  if (!thumbnail) return null
  const pixels = await sharp(thumbnail.jpeg).removeAlpha().raw().toBuffer()
  return cropOfThumbnail(thumbnail, pixels)
}

const [WIDTH, HEIGHT] = [1_200, 900]
const whole = await draw(WIDTH, HEIGHT)
const thumbnail = await thumbnailOf(whole)
const exif: CameraExif = { width: WIDTH, height: HEIGHT, thumbnail }

test("A30: a camera's thumbnail is found, with how it is turned", async () => {
  const found = findCameraThumbnail(await cameraPhoto(whole, { orientation: 6 }))
  assert.ok(found)
  assert.deepEqual(Buffer.from(found.jpeg), thumbnail)
  const { width, height, orientation, ratio } = found
  assert.deepEqual(
    { width, height, orientation, ratio },
    { width: 160, height: 120, orientation: 6, ratio: 4 / 3 },
  )
})

test('A30: firmware in Software, a rating and sizes said again are still a camera', async () => {
  const jpeg = await encodeAsCamera(whole)
  const cameras: CameraExif[] = [
    { make: 'Apple', model: 'iPhone 15', software: '17.1.2', main: { 0x013c: 'iPhone 15' } },
    { make: 'samsung', model: 'SM-G991B', software: 'G991BXXU3AUGM' },
    { make: 'FUJIFILM', model: 'X-T3', software: 'Digital Camera X-T3 Ver4.10' },
    { make: 'NIKON CORPORATION', model: 'NIKON D90', software: 'Ver.1.00 ' },
    { make: 'SONY', model: 'ILCE-7M3', software: 'ILCE-7M3 v3.10', thumbnailOrientation: 1 },
    { make: 'OLYMPUS IMAGING CORP.', model: 'E-P3', software: 'Version 1.3      ' },
    {
      interoperability: { 0x1001: WIDTH, 0x1002: HEIGHT },
      exif: { 0x9004: '2026:05:04 12:00:00' },
    },
    { main: { 0x0100: WIDTH, 0x0101: HEIGHT } },
  ]
  for (const camera of cameras) {
    const file = withCameraSegments(jpeg, [
      exifSegment({ ...exif, ...camera }),
      xmpSegment('xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="0"'),
      segment(0xe2, ['MPF\0', Buffer.alloc(80)]),
    ])
    assert.ok(await shownOf(file), `${camera.model} ${camera.software}`)
  }
})

test('A31: black bars are cut, and must be those of the shape', async () => {
  const wide = await draw(1_200, 800)
  assert.deepEqual(await shownOf(await cameraPhoto(wide)), {
    left: 0,
    top: 7,
    width: 160,
    height: 106,
  })
  const square = await draw(800, 800)
  assert.deepEqual(await shownOf(await cameraPhoto(square)), {
    left: 20,
    top: 0,
    width: 120,
    height: 120,
  })
  const exact = await thumbnailOf(wide, 160, 107)
  assert.deepEqual(await shownOf(await cameraPhoto(wide, { thumbnail: exact })), {
    left: 0,
    top: 0,
    width: 160,
    height: 107,
  })
  const unlike: Record<string, [Buffer, Buffer]> = {
    'a 3:2 picture in 4:3': [whole, await thumbnailOf(wide)],
    'a 4:3 picture in 3:2': [wide, thumbnail],
    'a 4:3 picture in 16:9': [await draw(1_280, 720), thumbnail],
    'a 3:2 picture in 16:9': [await draw(1_280, 720), await thumbnailOf(wide)],
    'a 4:3 picture, cut by 12 rows': [await draw(1_216, 900), thumbnail],
    'a square one in 4:3': [whole, await thumbnailOf(square)],
    'turned by a program': [await draw(904, 1_200), thumbnail],
    'all black': [wide, await thumbnailOf(await sharp(wide).linear(0).png().toBuffer())],
  }
  for (const [name, [picture, old]] of Object.entries(unlike))
    assert.equal(await shownOf(await cameraPhoto(picture, { thumbnail: old })), null, name)
})

/** Pictures that somebody edited: each with its size, and what a program may say of that in Exif. */
async function edits(): Promise<Map<string, Buffer>> {
  const painted = await sharp(whole)
    .composite([
      {
        input: { create: { width: 200, height: 900, channels: 3, background: '#000' } },
        left: 0,
        top: 0,
      },
    ])
    .png()
    .toBuffer()
  const cut = (width: number, height: number) =>
    sharp(whole)
      .extract({ left: WIDTH - width, top: 0, width, height })
      .png()
      .toBuffer()
  return new Map([
    ['painted over', painted],
    ['cut to the same shape', await cut(960, 720)],
    ['cut to another shape', await cut(904, 900)],
    ['turned', await sharp(painted).rotate(90).png().toBuffer()],
    ['upside down', await sharp(painted).rotate(180).png().toBuffer()],
    ['resized', await sharp(painted).resize(800, 600).png().toBuffer()],
  ])
}

const JFIF = segment(0xe0, ['JFIF\0\x01\x01\0\0\x01\0\x01\0\0'])
const EDITORS = [
  'Adobe Photoshop 25.0 (Windows)',
  'Adobe Photoshop Lightroom Classic 13.0',
  'GIMP 2.10.36',
  'gimp-2.10',
  'Snapseed 2.0',
  'Windows Photo Editor 10.0.10011.16384',
  'Microsoft Windows Photo Viewer 6.1.7600.16385',
  'paint.net 5.0.11',
  'ACDSee Pro 7',
  'ACD Systems Digital Imaging',
  'Picasa 3.0',
  'Photos 5.0',
  'QuickTime 7.7.1',
  'Pixelmator Pro 3.4',
  'Polarr Photo Editor',
  'darktable 4.6.0',
  'RawTherapee 5.9',
  'digiKam-8.1.0',
  'Shotwell 0.32.2',
  'PhotoScape X',
  'Capture One 23 Windows',
  'Digital Photo Professional',
  'Nikon Transfer 1.1 W',
  'OLYMPUS CAMEDIA Master',
  'Camera360',
  'Google',
]
const XMP: Record<string, Buffer> = {
  tool: xmpSegment('xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Snapseed"'),
  modified: xmpSegment('xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:ModifyDate="2026-06-01"'),
  photoshop: xmpSegment(
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:DateCreated="2026-05-04"',
  ),
  raw: xmpSegment('xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:HasCrop="True"'),
  history: xmpSegment('xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmpMM:DocumentID="1"'),
  windows: xmpSegment(
    'xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0" MicrosoftPhoto:Rating="0"',
  ),
  toolkit: xmpSegment('', 'Adobe XMP Core 9.1-c001'),
  extended: segment(0xe1, ['http://ns.adobe.com/xmp/extension/\0', Buffer.alloc(40)]),
  empty: segment(0xe1, ['http://ns.adobe.com/xap/1.0/\0']),
}

/** Every file that an editor may leave with the old thumbnail inside, by what it did. */
async function* staleFiles(): AsyncGenerator<[name: string, file: Buffer]> {
  for (const [edit, picture] of await edits()) {
    const { width, height } = await sharp(picture).metadata()
    const camera = await encodeAsCamera(picture)
    const program = await sharp(picture).jpeg().toBuffer()
    const kept = exifSegment(exif)
    const fitted = exifSegment({ ...exif, width, height })
    // Nothing of Exif was touched, or its size only. The program's own way to write tells.
    for (const [name, old] of Object.entries({ kept, fitted })) {
      yield [`${edit}, ${name}: one segment a table`, withSegments(camera, [old])]
      yield [`${edit}, ${name}: tables of its own`, withCameraSegments(program, [old])]
      yield [`${edit}, ${name}: JFIF first`, withCameraSegments(camera, [JFIF, old])]
      yield [`${edit}, ${name}: JFIF behind`, withCameraSegments(camera, [old, JFIF])]
      const whole444 = await sharp(picture)
        .jpeg({ chromaSubsampling: '4:4:4', optimiseCoding: false })
        .toBuffer()
      yield [`${edit}, ${name}: colours not sampled`, withCameraSegments(whole444, [old])]
      const progressive = await sharp(picture).jpeg({ progressive: true }).toBuffer()
      yield [`${edit}, ${name}: progressive`, withSegments(progressive, [old])]
      for (const [kind, xmp] of Object.entries(XMP))
        yield [`${edit}, ${name}: XMP ${kind}`, withCameraSegments(camera, [old, xmp])]
      for (const [marker, start] of [
        [0xeb, 'JP'],
        [0xec, 'Ducky'],
        [0xed, 'Photoshop 3.0\0'],
        [0xee, 'Adobe\0'],
        [0xfe, 'edited'],
      ] as const)
        yield [
          `${edit}, ${name}: ${start}`,
          withCameraSegments(camera, [old, segment(marker, [start, Buffer.alloc(12)])]),
        ]
    }
    // Something in Exif tells, though the tables don't.
    const tells: CameraExif[] = [
      ...EDITORS.map((software) => ({ software })),
      { make: null },
      { model: null },
      { make: '' },
      { changed: '2026:06:01 08:30:00' },
      { changed: null },
      { taken: null },
      { changed: '', taken: '' },
      { exif: { 0x9004: '2026:06:01 08:30:00' } },
      { exif: { 0x9290: '12', 0x9291: '34' } },
      { exif: { 0x9010: '+02:00', 0x9011: '+00:00' } },
      { main: { 0x000b: 'digiKam' } },
      { main: { 0x013c: 'Mac OS X 10.15' } },
      { main: { 0x9c9b: 'title' } },
      { exif: { 0xa43a: 'Snapseed' } },
      { interoperability: { 0x1001: 4_000, 0x1002: 3_000 } },
      { main: { 0x0100: 4_000, 0x0101: 3_000 } },
      { orientation: 6, thumbnailOrientation: 1 },
      { width: null, height: null },
      { width: 0, height: 0 },
    ]
    for (const tell of tells)
      yield [
        `${edit}: ${JSON.stringify(tell)}`,
        withCameraSegments(camera, [exifSegment({ ...exif, width, height, ...tell })]),
      ]
    yield [`${edit}: no size in Exif`, withCameraSegments(camera, [exifSegment({ thumbnail })])]
    // No sensor has such a width.
    const odd = await sharp(picture).resize(940, 705, { fit: 'fill' }).toBuffer()
    yield [
      `${edit}, to a size of no camera`,
      withCameraSegments(await encodeAsCamera(odd), [
        exifSegment({ ...exif, width: 940, height: 705 }),
      ]),
    ]
    if (width !== WIDTH) yield [`${edit}: all kept`, withCameraSegments(camera, [kept])]
  }
}

test('A32: of files with an old thumbnail, none is trusted', async () => {
  const trusted: string[] = []
  let count = 0
  for await (const [name, file] of staleFiles()) {
    count++
    if (await shownOf(file)) trusted.push(name)
  }
  assert.deepEqual(trusted, [])
  assert.ok(count > 400, `${count} files`)
})

test('A32: a thumbnail of a strange size, or none, is not trusted', async () => {
  const strange: (Buffer | null)[] = [
    null,
    Buffer.alloc(0),
    Buffer.from('no JPEG'),
    await thumbnailOf(whole, 48, 36),
    await thumbnailOf(whole, 640, 480),
    thumbnail.subarray(0, 30),
  ]
  const jpeg = await encodeAsCamera(whole)
  for (const [i, old] of strange.entries()) {
    const file = withCameraSegments(jpeg, [exifSegment({ ...exif, thumbnail: old })])
    assert.ok(findCameraThumbnail(file) === null, `${i}`)
  }
})

test('A33: cut and damaged files are refused, and none throws', async () => {
  const file = await cameraPhoto(whole)
  const header = file.indexOf(Buffer.from([0xff, 0xda]), file.indexOf(thumbnail) + thumbnail.length)
  for (let end = 0; end < header; end += 7)
    assert.ok(findCameraThumbnail(file.subarray(0, end)) === null, `${end}`)
  const random = seededRandom(7)
  for (let round = 0; round < 1_000; round++) {
    const damaged = Buffer.from(file.subarray(0, header + 16))
    for (let i = 0; i < 4; i++)
      damaged[Math.floor(random() * (i < 3 ? 400 : damaged.length))] = random() * 256
    const found = findCameraThumbnail(damaged)
    if (found) cropOfThumbnail(found, new Uint8Array(found.width * found.height * 3))
  }
  const other = await sharp(whole).png().toBuffer()
  for (const bytes of [
    other,
    Buffer.alloc(200_000, 0xff),
    Buffer.from('\xff\xd8'.repeat(9), 'latin1'),
  ])
    assert.ok(findCameraThumbnail(bytes) === null)
  const found = findCameraThumbnail(file)
  assert.ok(found)
  assert.equal(cropOfThumbnail(found, new Uint8Array(7)), null)
})
