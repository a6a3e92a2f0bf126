import { blobUrl, connect, type ImageRecord } from '@wirephoto/client'

const [address = 'http://localhost:8000'] = process.argv.slice(2)
const board = await connect(address)

const show = (picture: ImageRecord) =>
  console.log(picture.name, blobUrl(board, picture) ?? 'arriving')
board.pictures.forEach(show)
for await (const { new: picture } of board.changes()) if (picture) show(picture)
