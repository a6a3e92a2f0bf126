import type { Boards } from './boards.ts'
import type { Sender } from './sender.ts'

/** Gives a new board its title, if its maker has one. */
export async function setTitle(
  boards: Boards,
  id: string,
  title: string | undefined,
  maker: Sender,
): Promise<void> {
  if (title === undefined) return
  using held = await boards.hold(id)
  await held.board.act([{ kind: 'board.patch', set: { title } }], maker)
}
