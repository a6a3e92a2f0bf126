import { createSignal, type JSX, onCleanup, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { hasWords, picturesIn, readOffer } from '../drop/offer.ts'
import { toBoard } from '../geometry/view.ts'
import { isTextField } from '../input/text-field.ts'
import { words } from '../words/page.ts'
import './drop-overlay.css'

/** Takes drops and pastes anywhere on the page, and says so while files hover. */
export function DropOverlay(): JSX.Element {
  const { boardStore, drop, camera } = useApp()
  const [over, setOver] = createSignal<number | null>(null)

  const drag = (event: DragEvent): void => {
    const transfer = event.dataTransfer!
    if (isForField(event.target, transfer)) return
    const count = picturesIn(transfer)
    // The default action of a dropped link leads away from the board.
    event.preventDefault()
    // Text may be an address; browsers reveal it only at the drop.
    const isWelcome = count !== null || hasWords(transfer)
    transfer.dropEffect = isWelcome ? 'copy' : 'none'
    setOver(count)
  }
  const leave = (event: DragEvent): void => {
    // The event fires for each element that is left; only the window counts.
    if (event.relatedTarget === null) setOver(null)
  }
  const dropped = (event: DragEvent): void => {
    setOver(null)
    const transfer = event.dataTransfer!
    if (isForField(event.target, transfer)) return
    event.preventDefault()
    const at = toBoard(camera.now, { x: event.clientX, y: event.clientY })
    drop.take(readOffer(transfer, 'drop'), at)
  }
  const pasted = (event: ClipboardEvent): void => {
    const transfer = event.clipboardData
    // Word and Excel add a picture of the text; a field takes the text, and the board the picture.
    if (!transfer?.types.length || (isTextField(event.target) && hasWords(transfer))) return
    event.preventDefault()
    drop.take(readOffer(transfer, 'paste'))
  }

  onMount(() => {
    const { signal } = disposable()
    addEventListener('dragenter', drag, { signal })
    addEventListener('dragenter', () => drop.preload(), { signal, once: true })
    addEventListener('dragover', drag, { signal })
    addEventListener('dragleave', leave, { signal })
    addEventListener('drop', dropped, { signal })
    addEventListener('paste', pasted, { signal })
  })

  return (
    <Show when={over() !== null}>
      <div class="drop-overlay">
        <p class="sheet">{boardStore.mayAdd() ? words.letGo(over()!) : boardStore.whyNoAdding()}</p>
      </div>
    </Show>
  )
}

/** Whether a text field shall take what is dropped on it: words, unless files come with them. */
const isForField = (target: EventTarget | null, transfer: DataTransfer): boolean =>
  isTextField(target) && hasWords(transfer) && !transfer.types.includes('Files')

/** Makes a controller that is aborted when the component goes. */
function disposable(): AbortController {
  const controller = new AbortController()
  onCleanup(() => controller.abort())
  return controller
}
