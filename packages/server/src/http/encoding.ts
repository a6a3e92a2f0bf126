export type Encoding = 'br' | 'gzip' | 'identity'

/** The best of ours that the reader takes (RFC 9110 section 12.5.3). */
export function encodingFor(accepted = ''): Encoding {
  const takes = (name: string) =>
    accepted.split(',').some((each) => {
      const [coding, weight] = each.split(';').map((part) => part.trim().toLowerCase())
      return coding === name && !/^q=0(?:\.0*)?$/.test(weight ?? '')
    })
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : 'identity'
}
