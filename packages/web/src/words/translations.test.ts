import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { errorMessages, noticeMessages, refusedKinds, textKind, WireError } from '@wirephoto/board'
import { activityWords } from './activity.ts'
import arabic from './ar/index.ts'
import german from './de/index.ts'
import { feedWords } from './feed.ts'
import { fileWords } from './file.ts'
import { gateWords } from './gate.ts'
import { homeWords } from './home.ts'
import { hostWords } from './host.ts'
import { overlayWords } from './overlay.ts'
import { ownerWords } from './owners.ts'
import { words } from './page.ts'
import { paletteWords } from './palette.ts'
import { panelWords } from './panels.ts'
import { saveWords } from './save.ts'
import { shareWords } from './share.ts'
import type { Translations } from './tables.ts'
import { wallWords } from './wall.ts'

const english: Record<keyof Translations, object> = {
  activity: activityWords,
  errors: errorMessages,
  feed: feedWords,
  file: fileWords,
  gate: gateWords,
  home: homeWords,
  host: hostWords,
  notices: noticeMessages,
  overlay: overlayWords,
  owners: ownerWords,
  page: words,
  palette: paletteWords,
  panels: panelWords,
  save: saveWords,
  share: shareWords,
  wall: wallWords,
}
type Sentence = (...facts: readonly unknown[]) => string

/** The facts of sentences that take others than texts and numbers. */
const ODD_FACTS: Record<string, readonly unknown[]> = {
  'activity.told': ['Facta', { act: 'add', count: 7 }],
  'overlay.refused': [['Facta', 'Factb'], 7, true],
  'overlay.unreadable': [['Facta', 'Factb']],
}

test('I90: the page itself has the English sentence of previews', async () => {
  const html = await readFile(join(import.meta.dirname, '../../index.html'), 'utf8')
  const said = [...html.matchAll(/"(?:og:)?description" content="([^"]*)"/g)]
  assert.deepEqual(
    said.map(([, text]) => text),
    [homeWords.preview, homeWords.preview],
  )
})

for (const [name, language] of Object.entries({ de: german, ar: arabic }))
  describe(`the sentences of ${name}`, () => {
    test('I41: are those of the English tables, made of the same facts', () => {
      assert.deepEqual(Object.keys(language).sort(), Object.keys(english).sort())
      for (const [table, sentences] of Object.entries(english))
        compare(table, sentences, language[table as keyof Translations])
    })

    test('I42: name every kind of file that is refused, and what to do instead', () => {
      for (const kind of [...refusedKinds, textKind]) {
        const { facts } = new WireError(kind.code, { name: 'Facta', kind })
        const sentence = language.errors[kind.code](facts)
        assert.match(sentence, /Facta/)
        assert.doesNotMatch(sentence, /\b(an?|the|it|still|not)\b|picture/, sentence)
        assert.match(sentence, /\. \S.*\.$/, kind.wayOn)
      }
    })

    test('I43: have no exclamation mark and no apology', () => {
      for (const sentence of sentencesOf(language))
        assert.doesNotMatch(sentence, /!|Ups|erfolgreich|ungültig|عذرًا|بنجاح/, sentence)
    })
  })

test('I69: German addresses people as "du", and never as "Sie" or "man"', async () => {
  const folder = join(import.meta.dirname, 'de')
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8')
    assert.doesNotMatch(text, /\b(Sie|Ihnen|Ihre?[mnrs]?|man)\b/, name)
  }
})

test('I44: numbers take the form that their language has for them', () => {
  assert.equal(german.page.deleted?.(1), '1 Bild gelöscht.')
  assert.equal(german.page.deleted?.(3), '3 Bilder gelöscht.')
  const counted = [1, 2, 3, 11, 100].map((n) => arabic.page.deleted?.(n))
  assert.deepEqual(counted, [
    'تم حذف صورة واحدة.',
    'تم حذف صورتين.',
    'تم حذف 3 صور.',
    'تم حذف 11 صورة.',
    'تم حذف 100 صورة.',
  ])
})

/** Checks that a sentence mentions every fact that the English one mentions, or that a group has the same sentences. */
function compare(path: string, there: unknown, here: unknown): void {
  if (typeof there === 'string')
    assert.ok(typeof here === 'string' && here !== '', `${path} is missing`)
  else if (typeof there === 'function') {
    assert.ok(typeof here === 'function', `${path} is missing`)
    const mentioned = mentionedIn(here as Sentence, path)
    for (const place of mentionedIn(there as Sentence, path))
      assert.ok(mentioned.has(place), `${path} doesn't mention fact ${place + 1}`)
  } else {
    const [from, to] = [there, here ?? {}] as Record<string, unknown>[]
    assert.deepEqual(Object.keys(to!).sort(), Object.keys(from!).sort(), path)
    for (const key of Object.keys(from!)) compare(`${path}.${key}`, from![key], to![key])
  }
}

/** Facts that are seen in a sentence: texts and numbers, by their places. */
const TEXTS = ['Facta', 'Factb', 'Factc']
const NUMBERS = [5, 7, 9]

/** Returns the places of the facts that a sentence mentions. */
function mentionedIn(sentence: Sentence, path: string): Set<number> {
  const isFacts = path.startsWith('errors.') || path.startsWith('notices.')
  const tries = isFacts
    ? [[{ name: TEXTS[0] }]]
    : path in ODD_FACTS
      ? [ODD_FACTS[path]!]
      : [TEXTS, NUMBERS, [TEXTS[0], ...NUMBERS.slice(1)], [NUMBERS[0], TEXTS[1], NUMBERS[2]]]
  const shown = tries.map((facts) => sentence(...facts)).join(' ')
  const places = [0, 1, 2].filter(
    (place) => shown.includes(TEXTS[place]!) || shown.includes(String(NUMBERS[place])),
  )
  return new Set(places)
}

function sentencesOf(tables: object): string[] {
  return Object.entries(tables).flatMap(([, each]) => {
    if (typeof each === 'string') return [each]
    if (typeof each === 'function') return each.length < 2 ? [tryCall(each as Sentence)] : []
    return sentencesOf(each as object)
  })
}

function tryCall(sentence: Sentence): string {
  try {
    return sentence(7)
  } catch {
    return ''
  }
}
