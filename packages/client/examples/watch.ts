import { blobUrl, openBoard } from '@wirephoto/client'

const [url = 'http://localhost:8000', id = 'main'] = process.argv.slice(2)
const board = openBoard({ url, board: id })

board.on('notice', ({ message }) => console.error(message))
board.on('pictures', (ids) => {
  const stored = [...ids].flatMap((each) => board.pictures.get(each) ?? [])
  for (const picture of stored) console.log(picture.name, blobUrl(board, picture) ?? 'arriving')
})
