import chevronDown from 'lucide-static/icons/chevron-down.svg?raw'
import ellipsis from 'lucide-static/icons/ellipsis.svg?raw'
import hand from 'lucide-static/icons/hand.svg?raw'
import tidy from 'lucide-static/icons/layout-dashboard.svg?raw'
import maximize from 'lucide-static/icons/maximize.svg?raw'
import minus from 'lucide-static/icons/minus.svg?raw'
import mousePointer from 'lucide-static/icons/mouse-pointer-2.svg?raw'
import plus from 'lucide-static/icons/plus.svg?raw'
import redo from 'lucide-static/icons/redo-2.svg?raw'
import trash from 'lucide-static/icons/trash-2.svg?raw'
import undo from 'lucide-static/icons/undo-2.svg?raw'
import x from 'lucide-static/icons/x.svg?raw'
import type { JSX } from 'solid-js'

const firstIcons = {
  chevronDown,
  ellipsis,
  hand,
  maximize,
  minus,
  mousePointer,
  plus,
  redo,
  tidy,
  trash,
  undo,
  x,
}

/** Icons that only later parts show. */
type LateIconName =
  | 'arrowRight'
  | 'boards'
  | 'bringToFront'
  | 'camera'
  | 'caption'
  | 'clipboardCopy'
  | 'clipboardPaste'
  | 'download'
  | 'duplicate'
  | 'eraser'
  | 'expand'
  | 'film'
  | 'folder'
  | 'history'
  | 'house'
  | 'images'
  | 'inbox'
  | 'keyboard'
  | 'larger'
  | 'link'
  | 'moon'
  | 'pause'
  | 'pencil'
  | 'play'
  | 'printer'
  | 'people'
  | 'screen'
  | 'search'
  | 'selectAll'
  | 'sendToBack'
  | 'settings'
  | 'share'
  | 'smaller'
  | 'squarePlus'
  | 'userX'
  | 'view'
  | 'wall'

export type IconName = keyof typeof firstIcons | LateIconName

const icons: Partial<Record<IconName, string>> = firstIcons

/** Adds the shapes of the icons of later parts. */
export const addIcons = (shapes: Readonly<Record<LateIconName, string>>): void => {
  Object.assign(icons, shapes)
}

/** Shows an icon. It is hidden from screen readers: the button around it has a name. */
export function Icon(props: { name: IconName }): JSX.Element {
  return (
    <svg
      class="icon"
      data-icon={props.name}
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-linecap="round"
      stroke-linejoin="round"
      innerHTML={icons[props.name] ?? ''}
    />
  )
}
