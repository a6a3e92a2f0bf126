import type { Translations } from '../tables.ts'
import { apart } from './grammar.ts'

export const owners: Translations['owners'] = {
  ofServer: 'Browser, denen dieser Server gehört',
  ofBoard: 'Browser, die dieses Board leiten',
  loading: 'Der Server wird gefragt.',
  hint: 'Was verloren ging oder unbekannt ist, lässt sich hier abmelden.',
  device: (browser, system) =>
    browser && system
      ? `${browser} auf ${system}`
      : browser || system || 'Ein Browser oder ein Programm',
  thisOne: 'dieser hier',
  end: 'Abmelden',
  endNamed: (name) => `${apart(name)} abmelden`,
  ended: 'Er ist draußen.',
  endedByLink: 'Er ist draußen. Mit seinem Link kann er zurückkommen, bis der erneuert ist.',

  you: 'Du, in diesem Browser',
  ownsUntil: (time) => `Diesem Browser gehört der Server bis ${apart(time)}.`,
  signOut: 'Abmelden',
  signedOut: 'Diesem Browser gehört der Server nicht mehr.',
  cameByLink: 'Dieser Browser kam mit einem Link oder hat dieses Board angelegt.',
  leave: 'Dieses Board verlassen',
  askLeave:
    'Dieses Board verlassen? Der Browser vergisst es dann, mit den Links, die er dafür hat. Zurück geht es nur mit einem Link.',
  stay: 'Bleiben',
}
