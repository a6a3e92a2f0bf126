import { For, type JSX, onCleanup, onMount, Show } from 'solid-js'
import { can, isOffered, keyOf } from '../actions/action.ts'
import type { Point } from '../geometry/view.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import type { MenuItem } from '../state/menus.ts'

interface MenuProps {
  readonly at: Point
  readonly label: string
  readonly items: readonly MenuItem[]
  readonly onClose: () => void
}

/** Shows a menu at a point, on phones a sheet at the bottom. Escape and a press outside close it. */
export function Menu(props: MenuProps): JSX.Element {
  const before = document.activeElement
  let menu!: HTMLDivElement
  let veil!: HTMLDivElement
  /** Whether a press began on the menu: the finger that opened it by a long press is lifted over it. */
  let isPressed = false

  const close = (): void => {
    props.onClose()
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
  const choose = (item: MenuItem): void => {
    close()
    item.run()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const buttons = [...menu.querySelectorAll<HTMLElement>('button:not(:disabled)')]
    const now = buttons.indexOf(document.activeElement as HTMLElement)
    const to: Record<string, number> = {
      ArrowDown: now + 1,
      ArrowUp: now - 1,
      Home: 0,
      End: buttons.length - 1,
    }
    const next = to[event.key]
    if (next !== undefined) buttons.at(next % buttons.length)?.focus()
    else if (event.key === 'Escape' || event.key === 'Tab') close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  onMount(() => {
    const { width, height } = menu.getBoundingClientRect()
    const x = document.dir === 'rtl' ? props.at.x - width : props.at.x
    menu.style.setProperty('--x', `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`)
    menu.style.setProperty(
      '--y',
      `${Math.max(8, Math.min(props.at.y, innerHeight - height - 8))}px`,
    )
    menu.querySelector('button')?.focus({ preventScroll: true })
    const outside = ({ target }: Event): void => {
      if (target !== veil && !menu.contains(target as Node)) props.onClose()
    }
    document.addEventListener('pointerdown', outside, { capture: true })
    document.addEventListener('wheel', outside, { capture: true, passive: true })
    onCleanup(() => {
      document.removeEventListener('pointerdown', outside, { capture: true })
      document.removeEventListener('wheel', outside, { capture: true })
    })
  })

  return (
    <>
      {/* The veil takes the click that would otherwise press what lies beneath. */}
      <div ref={veil} class="veil" onClick={close} />
      <div
        ref={menu}
        class="menu sheet"
        role="menu"
        tabindex={-1}
        aria-label={props.label}
        onKeyDown={onKeyDown}
        onPointerDown={() => {
          isPressed = true
        }}
      >
        <For each={props.items.filter(isOffered)}>
          {(item) => (
            <button
              type="button"
              role="menuitem"
              disabled={!can(item)}
              onClick={({ detail }) => (isPressed || detail === 0) && choose(item)}
            >
              <Icon name={item.icon} />
              <span>{item.label}</span>
              <Show when={keyOf(item)}>{(key) => <kbd translate="no">{key()}</kbd>}</Show>
            </button>
          )}
        </For>
      </div>
    </>
  )
}
