import { locale } from '../words/locale.ts'

const time = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })

/** Formats a time in milliseconds since 1970 as `14:02`, with the day in front unless that is today. */
export function formatTime(ms: number, now = Date.now()): string {
  const date = new Date(ms)
  const today = new Date(now).toDateString() === date.toDateString()
  return today ? time.format(date) : `${day.format(date)} ${time.format(date)}`
}
