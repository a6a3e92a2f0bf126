import { connect, fetchPicture, observePictures } from '@wirephoto/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'

const board = await connect(new URLSearchParams(location.search).get('board') ?? '/')
const pictures = observePictures(board)

function Picture({ record }) {
  const [bytes, setBytes] = useState(null)
  const [src, setSrc] = useState()
  useEffect(() => {
    const stop = new AbortController()
    fetchPicture(board, record, { pixels: 320, signal: stop.signal }).then(setBytes, () => {})
    return () => stop.abort()
  }, [record])
  useEffect(() => {
    const url = bytes ? URL.createObjectURL(bytes) : undefined
    setSrc(url)
    return () => URL.revokeObjectURL(url)
  }, [bytes])
  return <img src={src} alt={record.caption || record.name} width="320" />
}

function Pictures() {
  const shown = useSyncExternalStore(pictures.subscribe, () => pictures.current)
  return shown.map((record) => <Picture key={record.id} record={record} />)
}

createRoot(document.getElementById('app')).render(<Pictures />)
