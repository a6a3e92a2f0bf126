import { locale } from './locale.ts'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** Formats a number of bytes in decimal units: `212 MB`, `1.4 kB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let power = 0
  while (value >= 999.5 && power < UNITS.length - 1) {
    value /= 1000
    power++
  }
  const digits = power > 0 && value < 9.95 ? 1 : 0
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power]!,
    unitDisplay: power > 0 ? 'short' : 'long',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}
