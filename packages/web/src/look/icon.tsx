import bringToFront from 'lucide-static/icons/bring-to-front.svg?raw'
import camera from 'lucide-static/icons/camera.svg?raw'
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw'
import download from 'lucide-static/icons/download.svg?raw'
import ellipsis from 'lucide-static/icons/ellipsis.svg?raw'
import hand from 'lucide-static/icons/hand.svg?raw'
import house from 'lucide-static/icons/house.svg?raw'
import images from 'lucide-static/icons/images.svg?raw'
import link from 'lucide-static/icons/link.svg?raw'
import maximize from 'lucide-static/icons/maximize.svg?raw'
import minus from 'lucide-static/icons/minus.svg?raw'
import mousePointer from 'lucide-static/icons/mouse-pointer-2.svg?raw'
import pencil from 'lucide-static/icons/pencil.svg?raw'
import plus from 'lucide-static/icons/plus.svg?raw'
import redo from 'lucide-static/icons/redo-2.svg?raw'
import selectAll from 'lucide-static/icons/square-dashed-mouse-pointer.svg?raw'
import squarePlus from 'lucide-static/icons/square-plus.svg?raw'
import trash from 'lucide-static/icons/trash-2.svg?raw'
import undo from 'lucide-static/icons/undo-2.svg?raw'
import x from 'lucide-static/icons/x.svg?raw'
import type { JSX } from 'solid-js'

const icons = {
  bringToFront,
  camera,
  chevronDown,
  download,
  ellipsis,
  hand,
  house,
  images,
  link,
  maximize,
  minus,
  mousePointer,
  pencil,
  plus,
  redo,
  selectAll,
  squarePlus,
  trash,
  undo,
  x,
}

export type IconName = keyof typeof icons

/** Decoration beside a name; the button that holds it carries the words. */
export function Icon(props: { name: IconName }): JSX.Element {
  return <span class="icon" aria-hidden="true" innerHTML={icons[props.name]} />
}
