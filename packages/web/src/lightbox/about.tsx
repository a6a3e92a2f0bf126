import { type ImageRecord } from '@wirephoto/board'
import { createEffect, createSignal, For, type JSX, on, onCleanup, Show } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import type { BoardStore } from '../state/board-store.ts'
import { authorAndTime } from '../ui/author-and-time.ts'
import { CaptionInput } from '../ui/caption-input.tsx'
import { formatSize } from '../words/format-size.ts'
import { panelWords } from '../words/panels.ts'

interface AboutProps {
  readonly id: string
  readonly record: ImageRecord | undefined
}

/**
 * Shows a picture's caption in one line, and in another its file, author and time, and the site that it comes from. A
 * line that is cut is shown whole to who points at it or taps it. A click on the caption edits it; a tap does so once
 * all of it is seen.
 */
export function About(props: AboutProps): JSX.Element {
  const { boardStore, captionEditing } = useApp()
  const [isWhole, setWhole] = createSignal(false)
  let about!: HTMLDivElement
  let lines!: HTMLDivElement
  const isEditing = (): boolean => captionEditing.now() === props.id
  const isCut = (): boolean =>
    [...lines.children].some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  const showWhole = (): void => {
    if (!isEditing() && isCut()) setWhole(true)
  }
  const endEditing = (): void => {
    captionEditing.end()
    about.querySelector<HTMLElement>('button.caption')?.focus({ preventScroll: true })
  }
  createEffect(on([() => props.id, isEditing], () => setWhole(false), { defer: true }))
  /** Whether all of the lines was seen when a finger came down. */
  let wasSeen = true
  const edit = (): void => {
    if (wasSeen) captionEditing.begin(props.id)
    else showWhole()
  }
  const onOutside = ({ target }: PointerEvent): void => {
    if (target instanceof Node && !about.contains(target)) setWhole(false)
  }
  // Some browsers give a button that is tapped no focus, which it could lose.
  createEffect(() => {
    if (!isWhole()) return
    document.addEventListener('pointerdown', onOutside)
    onCleanup(() => document.removeEventListener('pointerdown', onOutside))
  })

  return (
    <div
      ref={about}
      class="about"
      onPointerEnter={({ pointerType }) => pointerType === 'mouse' && showWhole()}
      onPointerLeave={({ pointerType }) => pointerType === 'mouse' && setWhole(false)}
      onPointerDown={({ pointerType }) => {
        wasSeen = pointerType === 'mouse' || isWhole() || !isCut()
      }}
      onKeyDown={() => {
        wasSeen = true
      }}
      onFocusIn={showWhole}
      onFocusOut={() => setWhole(false)}
      onPointerUp={({ pointerType, target }) => {
        if (pointerType === 'mouse' || target.closest('a, button')) return
        if (isWhole()) setWhole(false)
        else showWhole()
      }}
    >
      <Show when={!isEditing()} fallback={<CaptionInput id={props.id} onEnd={endEditing} />}>
        <div ref={lines} class="lines" classList={{ whole: isWhole() }}>
          <Caption id={props.id} record={props.record} onEdit={edit} />
          <p class="mono">
            <span translate="no">
              <For each={factsOf(props.record, boardStore)}>
                {(fact, nth) => (
                  <>
                    {nth() > 0 ? ' · ' : ''}
                    <bdi>{fact}</bdi>
                  </>
                )}
              </For>
            </span>
            <Show when={props.record?.source}>
              {(address) => (
                <span>
                  {' · '}
                  <a href={address()} target="_blank" rel="noopener noreferrer nofollow">
                    {panelWords.from(new URL(address()).host)}
                  </a>
                </span>
              )}
            </Show>
          </p>
        </div>
      </Show>
    </div>
  )
}

/** Shows the caption, as a button that edits it to those who may. Without one it invites to write it. */
function Caption(props: AboutProps & { readonly onEdit: () => void }): JSX.Element {
  const { actions, boardStore } = useApp()
  const isEditable = (): boolean =>
    props.record !== undefined && boardStore.may('image.patch', props.id)
  const caption = (): string => props.record?.caption ?? ''
  return (
    <Show
      when={isEditable()}
      fallback={
        <Show when={caption()}>
          <p class="caption" dir="auto">
            {caption()}
          </p>
        </Show>
      }
    >
      <button
        type="button"
        class="caption"
        classList={{ invites: !caption() }}
        dir="auto"
        title={`${actions.caption.label}  ${keyOf(actions.caption)}`}
        onClick={() => props.onEdit()}
      >
        {caption() || panelWords.addCaption}
      </button>
    </Show>
  )
}

export const nameOf = (record: ImageRecord | undefined): string =>
  record?.caption || record?.name || ''

/** Returns file name, author, time, pixels, size, as far as they are known. */
function factsOf(record: ImageRecord | undefined, boardStore: BoardStore): readonly string[] {
  if (!record) return []
  const { name, width, height, bytes } = record
  return [
    name,
    ...authorAndTime(record, boardStore),
    panelWords.pixels(width, height),
    bytes === null ? '' : formatSize(bytes),
  ].filter(Boolean)
}
