import arrowRight from 'lucide-static/icons/arrow-right.svg?raw'
import bringToFront from 'lucide-static/icons/bring-to-front.svg?raw'
import camera from 'lucide-static/icons/camera.svg?raw'
import caption from 'lucide-static/icons/captions.svg?raw'
import clipboardCopy from 'lucide-static/icons/clipboard-copy.svg?raw'
import clipboardPaste from 'lucide-static/icons/clipboard-paste.svg?raw'
import duplicate from 'lucide-static/icons/copy.svg?raw'
import download from 'lucide-static/icons/download.svg?raw'
import eraser from 'lucide-static/icons/eraser.svg?raw'
import expand from 'lucide-static/icons/expand.svg?raw'
import film from 'lucide-static/icons/film.svg?raw'
import folder from 'lucide-static/icons/folder-down.svg?raw'
import history from 'lucide-static/icons/history.svg?raw'
import house from 'lucide-static/icons/house.svg?raw'
import images from 'lucide-static/icons/images.svg?raw'
import inbox from 'lucide-static/icons/inbox.svg?raw'
import keyboard from 'lucide-static/icons/keyboard.svg?raw'
import boards from 'lucide-static/icons/layout-grid.svg?raw'
import link from 'lucide-static/icons/link.svg?raw'
import view from 'lucide-static/icons/locate.svg?raw'
import larger from 'lucide-static/icons/maximize-2.svg?raw'
import smaller from 'lucide-static/icons/minimize-2.svg?raw'
import screen from 'lucide-static/icons/monitor-up.svg?raw'
import pause from 'lucide-static/icons/pause.svg?raw'
import pencil from 'lucide-static/icons/pencil.svg?raw'
import play from 'lucide-static/icons/play.svg?raw'
import wall from 'lucide-static/icons/presentation.svg?raw'
import printer from 'lucide-static/icons/printer.svg?raw'
import search from 'lucide-static/icons/search.svg?raw'
import sendToBack from 'lucide-static/icons/send-to-back.svg?raw'
import share from 'lucide-static/icons/share-2.svg?raw'
import settings from 'lucide-static/icons/sliders-horizontal.svg?raw'
import selectAll from 'lucide-static/icons/square-dashed-mouse-pointer.svg?raw'
import squarePlus from 'lucide-static/icons/square-plus.svg?raw'
import moon from 'lucide-static/icons/sun-moon.svg?raw'
import userX from 'lucide-static/icons/user-x.svg?raw'
import people from 'lucide-static/icons/users.svg?raw'
import { addIcons } from './icon.tsx'

/* Icons of menus, panels and chips. The parts that show them import this file; the first script has none. */

addIcons({
  arrowRight,
  bringToFront,
  camera,
  caption,
  clipboardCopy,
  clipboardPaste,
  duplicate,
  download,
  eraser,
  expand,
  film,
  folder,
  history,
  house,
  images,
  inbox,
  keyboard,
  boards,
  link,
  view,
  larger,
  smaller,
  screen,
  pause,
  pencil,
  play,
  printer,
  wall,
  search,
  sendToBack,
  settings,
  share,
  selectAll,
  squarePlus,
  moon,
  people,
  userX,
})
