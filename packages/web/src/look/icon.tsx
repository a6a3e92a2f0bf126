import arrowRight from 'lucide-static/icons/arrow-right.svg?raw'
import bringToFront from 'lucide-static/icons/bring-to-front.svg?raw'
import camera from 'lucide-static/icons/camera.svg?raw'
import caption from 'lucide-static/icons/captions.svg?raw'
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw'
import clipboardCopy from 'lucide-static/icons/clipboard-copy.svg?raw'
import duplicate from 'lucide-static/icons/copy.svg?raw'
import download from 'lucide-static/icons/download.svg?raw'
import ellipsis from 'lucide-static/icons/ellipsis.svg?raw'
import expand from 'lucide-static/icons/expand.svg?raw'
import hand from 'lucide-static/icons/hand.svg?raw'
import house from 'lucide-static/icons/house.svg?raw'
import images from 'lucide-static/icons/images.svg?raw'
import keyboard from 'lucide-static/icons/keyboard.svg?raw'
import tidy from 'lucide-static/icons/layout-dashboard.svg?raw'
import boards from 'lucide-static/icons/layout-grid.svg?raw'
import link from 'lucide-static/icons/link.svg?raw'
import view from 'lucide-static/icons/locate.svg?raw'
import maximize from 'lucide-static/icons/maximize.svg?raw'
import larger from 'lucide-static/icons/maximize-2.svg?raw'
import smaller from 'lucide-static/icons/minimize-2.svg?raw'
import minus from 'lucide-static/icons/minus.svg?raw'
import screen from 'lucide-static/icons/monitor-up.svg?raw'
import mousePointer from 'lucide-static/icons/mouse-pointer-2.svg?raw'
import pencil from 'lucide-static/icons/pencil.svg?raw'
import plus from 'lucide-static/icons/plus.svg?raw'
import wall from 'lucide-static/icons/presentation.svg?raw'
import redo from 'lucide-static/icons/redo-2.svg?raw'
import search from 'lucide-static/icons/search.svg?raw'
import sendToBack from 'lucide-static/icons/send-to-back.svg?raw'
import settings from 'lucide-static/icons/sliders-horizontal.svg?raw'
import selectAll from 'lucide-static/icons/square-dashed-mouse-pointer.svg?raw'
import squarePlus from 'lucide-static/icons/square-plus.svg?raw'
import moon from 'lucide-static/icons/sun-moon.svg?raw'
import trash from 'lucide-static/icons/trash-2.svg?raw'
import undo from 'lucide-static/icons/undo-2.svg?raw'
import people from 'lucide-static/icons/users.svg?raw'
import x from 'lucide-static/icons/x.svg?raw'
import type { JSX } from 'solid-js'

const icons = {
  arrowRight,
  caption,
  clipboardCopy,
  duplicate,
  larger,
  people,
  sendToBack,
  smaller,
  tidy,
  view,
  boards,
  bringToFront,
  camera,
  chevronDown,
  download,
  ellipsis,
  expand,
  hand,
  house,
  images,
  keyboard,
  link,
  maximize,
  minus,
  moon,
  mousePointer,
  pencil,
  plus,
  redo,
  screen,
  search,
  selectAll,
  settings,
  squarePlus,
  trash,
  undo,
  wall,
  x,
}

export type IconName = keyof typeof icons

/** Shows an icon. It is hidden from screen readers: the button around it has a name. */
export function Icon(props: { name: IconName }): JSX.Element {
  return (
    <svg
      class="icon"
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-linecap="round"
      stroke-linejoin="round"
      innerHTML={icons[props.name]}
    />
  )
}
