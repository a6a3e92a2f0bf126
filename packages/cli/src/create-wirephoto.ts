import {
  createWirephoto as create,
  type RunningServer,
  type Wirephoto,
  type WirephotoOptions,
} from '@wirephoto/server'
import { PAGE_FOLDER } from './page-folder.ts'

/**
 * Serves boards with the page that this package brings: by a server of its own with `port`, or as a part of yours. All
 * else is as in `@wirephoto/server`.
 *
 * @example
 * const server = createServer(app).listen(3000)
 * const wirephoto = await createWirephoto({ server, path: '/photos', data: './data' })
 * await wirephoto.push('main', await readFile('loss.png'), { caption: 'Epoch 12' })
 */
export function createWirephoto(
  options: WirephotoOptions & { readonly port: number },
): Promise<RunningServer>
export function createWirephoto(options: WirephotoOptions): Promise<Wirephoto>
export function createWirephoto(options: WirephotoOptions): Promise<Wirephoto> {
  return create({
    ...options,
    webRoot: options.webRoot === undefined ? PAGE_FOLDER : options.webRoot,
  })
}
