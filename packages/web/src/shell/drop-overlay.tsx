import { createSignal, type JSX, onCleanup, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { addressIn } from '../drop/address.ts'
import { type Point, toBoard } from '../geometry/view.ts'
import { words } from '../words/page.ts'
import './drop-overlay.css'
import { droppedFiles, picturesIn } from '../drop/files.ts'

/** Takes drops and pastes anywhere on the page, and says so while files hover. */
export function DropOverlay(): JSX.Element {
  const { drop, camera } = useApp()
  const [over, setOver] = createSignal<number | null>(null)

  const drag = (event: DragEvent): void => {
    if (isText(event.target)) return
    const transfer = event.dataTransfer!
    const count = picturesIn(transfer)
    // The default action of a dropped link leads away from the board.
    event.preventDefault()
    // Text may be an address; browsers reveal it only at the drop.
    const isWelcome = count !== null || transfer.types.includes('text/plain')
    transfer.dropEffect = isWelcome ? 'copy' : 'none'
    setOver(count)
  }
  const leave = (event: DragEvent): void => {
    // The event fires for each element that is left; only the window counts.
    if (event.relatedTarget === null) setOver(null)
  }
  const dropped = async (event: DragEvent): Promise<void> => {
    setOver(null)
    if (isText(event.target) && picturesIn(event.dataTransfer!) === null) return
    event.preventDefault()
    const at = toBoard(camera.now, { x: event.clientX, y: event.clientY })
    const address = addressIn(event.dataTransfer)
    await take(await droppedFiles(event.dataTransfer!), address, at)
  }
  const pasted = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])]
    const address = isText(event.target) ? null : addressIn(event.clipboardData)
    if (files.length === 0 && address === null) return
    event.preventDefault()
    void take(files, address)
  }
  /** Prefers files to an address: they are at hand, while the server would have to fetch. */
  const take = (files: File[], address: string | null, at?: Point): Promise<void> =>
    files.length === 0 && address !== null ? drop.fetch(address, at) : drop.add(files, at)

  onMount(() => {
    const { signal } = disposable()
    addEventListener('dragenter', drag, { signal })
    addEventListener('dragenter', () => drop.preload(), { signal, once: true })
    addEventListener('dragover', drag, { signal })
    addEventListener('dragleave', leave, { signal })
    addEventListener('drop', (event) => void dropped(event), { signal })
    addEventListener('paste', pasted, { signal })
  })

  return (
    <Show when={over() !== null}>
      <div class="drop-overlay">
        <p class="sheet">{words.letGo(over()!)}</p>
      </div>
    </Show>
  )
}

const isText = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement

/** Makes a controller that is aborted when the component goes. */
function disposable(): AbortController {
  const controller = new AbortController()
  onCleanup(() => controller.abort())
  return controller
}
