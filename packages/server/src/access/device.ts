/** The kind of a browser and of what it runs on, by the names that people know. Unknown ones are empty. */
export interface Device {
  readonly browser: string
  readonly system: string
}

/* Each pattern goes before those that also fit: all but Firefox say that they are Chrome, and Chrome that it is Safari. */
const BROWSERS = [
  ['Edge', /\bEdg(?:A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|HeadlessChrome|CriOS)\//],
  ['Safari', /\bSafari\//],
] as const
const SYSTEMS = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['Mac', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
] as const

/** Returns the kind of browser that a `User-Agent` header tells of. Nothing else of the header is kept. */
export const deviceOf = (userAgent = ''): Device => ({
  browser: nameFor(BROWSERS, userAgent),
  system: nameFor(SYSTEMS, userAgent),
})

const nameFor = (table: readonly (readonly [string, RegExp])[], text: string): string =>
  table.find(([, pattern]) => pattern.test(text))?.[0] ?? ''
