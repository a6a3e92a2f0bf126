/* Runs a script with the Node that `npm start` would take: `node test/with-best-node.mjs <script> …`. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { betterNode, runWith } from 'wirephoto/bin/choose-node.js'

const script = resolve(process.argv[2])
const node = betterNode()
if (node) runWith(node, script, process.argv.slice(3))
else {
  process.argv.splice(1, 2, script)
  await import(pathToFileURL(script))
}
