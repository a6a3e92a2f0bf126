import type { StateTable } from './state-machine.ts'

/*
 * The board's changefeed as it arrives here.
 *
 *             connected              followed
 *   opening ────────────► resuming ────────────► live
 *    ▲   │                 │    ▲                │  │
 *    │   │ lost       lost │    └─ behind, woken, │  │ lost
 *    │   ▼                 ▼       upgraded ──────┘  │
 *    │  waiting ◄──────────┴─────────────────────────┘
 *    └───┘ woken
 *
 *   opening, resuming: fellBack ─► opening. No websocket passes, so the feed goes by plain requests.
 *   upgraded: A websocket passes after all, and the feed goes on over it.
 *   Each of these four: refused by the server (`unknown-board`, `old-page`, …) ─► refused: no further try.
 *   Every state: reconnect() ─► opening, as the page has another right now; close() ─► closed.
 *
 * `resuming` asks the server to follow from our cursor on. Without a cursor, or when the server can't follow
 * from it, a new snapshot comes first. A batch is applied in every state if it starts at our cursor, and
 * never otherwise (SPEC.md L11). So it does no harm that two transports bring the same one. The first
 * snapshot is fetched while the socket connects.
 */
type FeedState = 'opening' | 'resuming' | 'live' | 'waiting' | 'refused' | 'closed'

export const FEED_EXITS = [
  'connected',
  'followed',
  'behind',
  'woken',
  'fellBack',
  'upgraded',
  'lost',
  'refused',
  'asked',
  'closed',
] as const
const _ = null
// biome-ignore format: a table
export const FEED_STATES: StateTable<FeedState, typeof FEED_EXITS> = {
  //          connected   followed behind      woken       fellBack   upgraded    lost       refused    asked      closed
  opening:  ['resuming',  _,       _,          _,          'opening', _,          'waiting', 'refused', 'opening', 'closed'],
  resuming: [_,           'live',  _,          _,          'opening', 'resuming', 'waiting', 'refused', 'opening', 'closed'],
  live:     [_,           _,       'resuming', 'resuming', _,         'resuming', 'waiting', 'refused', 'opening', 'closed'],
  waiting:  [_,           _,       _,          'opening',  _,         _,          _,         'refused', 'opening', 'closed'],
  refused:  [_,           _,       _,          _,          _,         _,          _,         _,         'opening', 'closed'],
  closed:   [_,           _,       _,          _,          _,         _,          _,         _,         _,         _       ],
}
