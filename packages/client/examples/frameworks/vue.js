import { connect, fetchPicture, observePictures } from '@wirephoto/client'
import { createApp, h, onScopeDispose, ref, shallowRef, watch } from 'vue'

const board = await connect(new URLSearchParams(location.search).get('board') ?? '/')

const Picture = {
  props: ['record'],
  setup(props) {
    const src = ref()
    watch(
      () => props.record,
      async (record, _before, onCleanup) => {
        const stop = new AbortController()
        onCleanup(() => stop.abort())
        const options = { pixels: 320, signal: stop.signal }
        const bytes = await fetchPicture(board, record, options).catch(() => null)
        if (stop.signal.aborted) return
        URL.revokeObjectURL(src.value)
        src.value = bytes ? URL.createObjectURL(bytes) : undefined
      },
      { immediate: true },
    )
    onScopeDispose(() => URL.revokeObjectURL(src.value))
    return () =>
      h('img', { src: src.value, alt: props.record.caption || props.record.name, width: 320 })
  },
}

const Pictures = {
  setup() {
    const shown = shallowRef([])
    onScopeDispose(
      observePictures(board).subscribe((pictures) => {
        shown.value = pictures
      }),
    )
    return () => shown.value.map((record) => h(Picture, { key: record.id, record }))
  },
}

createApp(Pictures).mount('#app')
