import { words } from '@wirephoto/board'
import { createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'
import { Icon } from '../look/icon.tsx'
import { Menu, type MenuItem } from './menu.tsx'

const { ui } = words

/** The one bar: everything in a row on a desk; Fit, Add and More within a thumb's reach on a phone. */
export function Bar(): JSX.Element {
  const app = useApp()
  const { actions, desk } = app
  const [sheet, setSheet] = createSignal<{ label: string; items: MenuItem[] } | null>(null)

  const add = (): void => {
    if (!isPhone()) return app.choose()
    setSheet({
      label: ui.add,
      items: [
        { icon: 'camera', label: ui.takePhoto, run: () => app.choose('camera') },
        { icon: 'images', label: ui.choose, run: () => app.choose() },
      ],
    })
  }
  const more = (): void =>
    void setSheet({
      label: ui.more,
      items: [
        { icon: 'undo', label: ui.undo, disabled: !desk.canUndo(), run: () => actions.undo() },
        { icon: 'redo', label: ui.redo, disabled: !desk.canRedo(), run: () => actions.redo() },
        { icon: 'selectAll', label: ui.selectAll, run: () => actions.selectAll() },
        { icon: 'link', label: ui.copyLink, run: () => void actions.copyLink() },
        { icon: 'squarePlus', label: ui.newBoard, run: () => void actions.newBoard() },
      ],
    })

  return (
    <>
      <nav class="bar sheet" aria-label={ui.tools}>
        <span class="phone">
          <IconButton icon="maximize" label={ui.fit} onClick={() => actions.fit()} />
        </span>
        <button type="button" class="main add tipped" data-tip={`${ui.choose}  A`} onClick={add}>
          <Icon name="plus" />
          <span>{ui.add}</span>
        </button>
        <span class="desk">
          <IconButton
            icon="mousePointer"
            label={ui.select}
            keys="V"
            pressed={app.tool() === 'select'}
            onClick={() => app.setTool('select')}
          />
          <IconButton
            icon="hand"
            label={ui.hand}
            keys="H"
            pressed={app.tool() === 'hand'}
            onClick={() => app.setTool('hand')}
          />
          <hr />
          <IconButton
            icon="undo"
            label={ui.undo}
            keys={ui.keys.undo}
            disabled={!desk.canUndo()}
            onClick={() => actions.undo()}
          />
          <IconButton
            icon="redo"
            label={ui.redo}
            keys={ui.keys.redo}
            disabled={!desk.canRedo()}
            onClick={() => actions.redo()}
          />
        </span>
        <span class="phone">
          <IconButton icon="ellipsis" label={ui.more} onClick={more} />
        </span>
      </nav>
      <Show when={sheet()}>
        {(open) => (
          <Menu
            at={{ x: innerWidth / 2, y: innerHeight }}
            label={open().label}
            items={open().items}
            onClose={() => setSheet(null)}
          />
        )}
      </Show>
    </>
  )
}

const isPhone = (): boolean => matchMedia('(max-width: 640px)').matches
