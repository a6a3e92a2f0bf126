/**
 * Returns the URL of a picture in what is dropped or pasted, or null. An image from another page counts
 * before the link around it, and a link before plain text.
 */
export function addressIn(transfer: DataTransfer | null): string | null {
  if (!transfer) return null
  const page = new DOMParser().parseFromString(transfer.getData('text/html'), 'text/html')
  // RFC 2483 section 5: lines with # are comments.
  const listed = transfer.getData('text/uri-list').split(/\r?\n/)
  return (
    [
      page.querySelector('img')?.getAttribute('src'),
      listed.find((line) => line && !line.startsWith('#')),
      transfer.getData('text/plain').trim(),
    ].find((text) => text && isWebAddress(text)) ?? null
  )
}

const isWebAddress = (text: string): boolean => /^https?:\/\/\S+$/i.test(text) && URL.canParse(text)
