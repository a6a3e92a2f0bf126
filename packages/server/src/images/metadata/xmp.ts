import { parseXml, type Span, type XmlElement } from './xml.ts'

const NUMBER = /^[-+]?\d{1,10}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?$/
const COUNT = /^\d{1,10}$/
const AUXILIARY_TYPE = /^urn:com:apple:photo:2020:aux:hdrgainmap$/
const SEMANTICS =
  /^(?:Primary|GainMap|MotionPhoto|Depth|Original|Confidence|Near|Far|Mask|Background|Foreground)$/
const MEDIA_TYPES = /^(?:image\/(?:jpeg|png|heic|heif|avif)|video\/(?:mp4|quicktime))$/
/** Names of the prefixes, as their standards give them. */
const PREFIXES: Record<string, string> = withoutPrototype({
  GContainer: 'Container',
  GContainerItem: 'Item',
})
/**
 * Values that stay, by their property: Adobe's "Gain map specification" 1.0, Google's "Ultra HDR image format"
 * 1.1, and Apple's. All of them are numbers and words of these standards.
 */
const PROPERTIES: Record<string, RegExp> = withoutPrototype({
  'hdrgm:Version': /^\d{1,2}(?:\.\d{1,2}){1,2}$/,
  'hdrgm:BaseRenditionIsHDR': /^(?:True|False)$/i,
  'hdrgm:GainMapMin': NUMBER,
  'hdrgm:GainMapMax': NUMBER,
  'hdrgm:Gamma': NUMBER,
  'hdrgm:OffsetSDR': NUMBER,
  'hdrgm:OffsetHDR': NUMBER,
  'hdrgm:HDRCapacityMin': NUMBER,
  'hdrgm:HDRCapacityMax': NUMBER,
  'Item:Semantic': SEMANTICS,
  'Item:Mime': MEDIA_TYPES,
  'Item:Length': COUNT,
  'Item:Padding': COUNT,
  'HDRGainMap:HDRGainMapVersion': COUNT,
  'HDRGainMap:HDRGainMapHeadroom': NUMBER,
  'apdi:AuxiliaryImageType': AUXILIARY_TYPE,
  'apdi:NativeFormat': COUNT,
  'apdi:StoredFormat': COUNT,
})
/** Attributes that stay with these values, besides properties. */
const ATTRIBUTES: Record<string, RegExp> = withoutPrototype({
  'rdf:about': /^$/,
  'rdf:parseType': /^Resource$/,
  'rdf:resource': /^(?:Directory|Item)$/,
  'xmlns:x': /^adobe:ns:meta\/$/,
  'xmlns:rdf': /^http:\/\/www\.w3\.org\/1999\/02\/22-rdf-syntax-ns#$/,
  'xmlns:hdrgm': /^http:\/\/ns\.adobe\.com\/hdr-gain-map\/1\.0\/$/,
  'xmlns:Container': /^http:\/\/ns\.google\.com\/photos\/1\.0\/container\/$/,
  'xmlns:Item': /^http:\/\/ns\.google\.com\/photos\/1\.0\/container\/item\/$/,
  'xmlns:HDRGainMap': /^http:\/\/ns\.apple\.com\/HDRGainMap\/1\.0\/$/,
  'xmlns:apdi': /^http:\/\/ns\.apple\.com\/pixeldatainfo\/1\.0\/$/,
})
/** Elements that contain properties. XMP part 1 section 7, and the container's directory. */
const CONTAINERS = new Set([
  'x:xmpmeta',
  'rdf:RDF',
  'rdf:Description',
  'rdf:Seq',
  'rdf:li',
  'rdf:value',
  'rdf:type',
  'Container:Directory',
  'Container:Item',
])
/** The packet's wrapper, XMP part 1 section 7.3.2, with a byte order mark in UTF-8. */
const WRAPPER =
  /<\?xpacket (?:begin=(["'])(?:\xef\xbb\xbf)?\1 id=(["'])W5M0MpCehiHzreSzNTczkc9d\2|end=(["'])[rw]\3)\s?\?>/g

/** The part of an XMP packet that a gain map needs. */
export interface GainMapXmp {
  /** The packet in its length: spaces stand for everything else. */
  readonly bytes: Buffer
  /** Whether the packet belongs to the gain map itself. */
  readonly isGainMap: boolean
  /** Where the directory has the gain map: bytes behind the picture's end. Null without a directory. */
  readonly location: { readonly offset: number; readonly length: number } | null
}

/** Rounds until nothing more goes. A packet that any program writes needs two. */
const MAX_ROUND_COUNT = 4

/** Reads an XMP packet. Returns null if it says nothing about a gain map, or isn't understood. */
export function gainMapXmp(packet: Buffer): GainMapXmp | null {
  // The reader may only see bytes that stay, so that the packet is read alike when it comes again (M9).
  let before = packet
  for (let round = 0; round < MAX_ROUND_COUNT; round++) {
    const reader = readPacket(before)
    if (!reader) return null
    if (reader.bytes.equals(before)) return gainMapOf(reader)
    before = reader.bytes
  }
  return null
}

function readPacket(packet: Buffer): PacketReader | null {
  const text = packet.toString('latin1')
  const root = parseXml(text)
  if (root?.name !== 'x:xmpmeta') return null
  const reader = new PacketReader(text, packet)
  reader.read(root)
  return reader
}

function gainMapOf({ bytes, location, properties }: PacketReader): GainMapXmp | null {
  const isApple =
    properties.has('HDRGainMap:HDRGainMapVersion') &&
    properties.has('HDRGainMap:HDRGainMapHeadroom')
  const isGainMap = properties.has('hdrgm:GainMapMax') || isApple
  if (!isGainMap && !location && !properties.has('hdrgm:Version')) return null
  return { bytes, isGainMap, location }
}

class PacketReader {
  readonly bytes: Buffer
  readonly properties = new Set<string>()
  location: GainMapXmp['location'] = null
  readonly #text: string
  readonly #packet: Buffer

  constructor(text: string, packet: Buffer) {
    this.#text = text
    this.#packet = packet
    this.bytes = Buffer.alloc(packet.length, ' ')
  }

  read(root: XmlElement): void {
    for (const { index, 0: wrapper } of this.#text.matchAll(WRAPPER))
      if (index < root.start || index >= root.end)
        this.#keep({ start: index, end: index + wrapper.length })
    this.#readElement(root, null)
  }

  /** Keeps an element if its name is known. `property` is the nearest one around it. */
  #readElement(element: XmlElement, property: string | null): void {
    const name = standardName(element.name)
    const isProperty = name in PROPERTIES
    if (!isProperty && !CONTAINERS.has(name)) return
    const nearest = isProperty ? name : property
    this.#readStartTag(element)
    const values = nearest ? PROPERTIES[nearest]! : /^$/
    for (const span of element.texts) {
      const value = this.#text.slice(span.start, span.end).trim()
      if (value !== '' && !values.test(value)) continue
      this.#keep(span)
      if (value !== '') this.properties.add(nearest!)
    }
    for (const child of name === 'Container:Directory'
      ? this.#readDirectory(element)
      : element.children)
      this.#readElement(child, nearest)
    this.#keep({ start: element.bodyEnd, end: element.end })
  }

  #readStartTag({ attributes, start, body, name }: XmlElement): void {
    const last = attributes.at(-1)?.end ?? start + 1 + name.length
    this.#keep({ start, end: start + 1 + name.length })
    for (const attribute of attributes) {
      const name = standardName(attribute.name)
      if (!(PROPERTIES[name] ?? ATTRIBUTES[name])?.test(attribute.value)) continue
      this.#keep(attribute)
      if (name in PROPERTIES) this.properties.add(name)
    }
    this.#keep({ start: last, end: body })
  }

  /**
   * Finds the gain map in a directory. Returns the directory's contents: a list, without the items behind the
   * gain map, whose bytes go. Those before it stay, since its place is the sum of their lengths.
   */
  #readDirectory({ children }: XmlElement): readonly XmlElement[] {
    const list = children.find(({ name }) => name === 'rdf:Seq')
    if (!list) return []
    let offset = 0
    for (const [i, item] of list.children.entries()) {
      const length = Number(this.#valueIn(item, 'Item:Length') ?? 0)
      if (this.#valueIn(item, 'Item:Semantic') === 'GainMap') {
        this.location = { offset, length }
        return [{ ...list, children: list.children.slice(0, i + 1) }]
      }
      // The first item is the picture itself.
      offset += Number(this.#valueIn(item, 'Item:Padding') ?? 0) + (i > 0 ? length : 0)
    }
    return []
  }

  /** Returns a property's value within an element, if its value is one that stays. */
  #valueIn(element: XmlElement, property: string): string | undefined {
    const isProperty = ({ name }: { name: string }) => standardName(name) === property
    const attribute = element.attributes.find(isProperty)
    const child = element.children.find(isProperty)
    const value = attribute?.value ?? (child && this.#text.slice(child.body, child.bodyEnd).trim())
    if (value !== undefined) return PROPERTIES[property]!.test(value) ? value : undefined
    for (const each of element.children) {
      const found = this.#valueIn(each, property)
      if (found !== undefined) return found
    }
    return undefined
  }

  #keep({ start, end }: Span): void {
    this.#packet.copy(this.bytes, start, start, end)
  }
}

/** Returns a name with the prefix that its standard gives. */
function standardName(name: string): string {
  const [prefix = '', local] = name.split(':')
  if (prefix === 'xmlns' && local !== undefined) return `xmlns:${PREFIXES[local] ?? local}`
  return local === undefined ? name : `${PREFIXES[prefix] ?? prefix}:${local}`
}

/** Returns a table in which a name of the file's, such as `constructor`, finds nothing of JavaScript's. */
function withoutPrototype<T>(table: Record<string, T>): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, table)
}
