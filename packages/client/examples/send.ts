import { connect } from '@wirephoto/client'

const [address = 'http://localhost:8000', ...paths] = process.argv.slice(2)
await using board = await connect(address, { name: 'Anna' })

for (const path of paths) {
  const { name, width, height } = await board.add(path, {
    onProgress: ({ sent, total }) => console.log(`${path}: ${sent} of ${total} bytes`),
  })
  console.log(`${name}: ${width} × ${height} pixels`)
}
