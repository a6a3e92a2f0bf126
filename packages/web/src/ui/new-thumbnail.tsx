import { blobUrl } from '@wirephoto/client'
import { createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'

const THUMBNAIL_PX = 64

/** Shows a picture small, for a chip: its file once that is stored, and before that its preview. */
export function NewThumbnail(props: { id: string }): JSX.Element {
  const { boardStore } = useApp()
  const url = createMemo(() => {
    const record = boardStore.picture(props.id)()
    const address = record && blobUrl(boardStore.board, record, THUMBNAIL_PX)
    const preview = boardStore.preview(props.id)()
    if (address || !preview) return address ?? null
    const made = URL.createObjectURL(preview)
    onCleanup(() => URL.revokeObjectURL(made))
    return made
  })
  return <Show when={url()}>{(address) => <img src={address()} alt="" />}</Show>
}
