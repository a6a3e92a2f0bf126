#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { checkClient, checkServer } from './index.ts'

const USAGE = `Usage: wirephoto-conformance server <address>
       wirephoto-conformance client <address> -- <command> [<argument> …]

Holds a server, or a client, to PROTOCOL.md, on the board at that address or link.
The token of WIREPHOTO_TOKEN goes before the secret of a link, and needs the role edit.
Prints TAP. Ends with 0 if all checks pass, with 1 if one fails, and with 2 if it is called otherwise.`

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h', default: false } },
  allowPositionals: true,
})
const [kind, address, ...command] = positionals
const isServer = kind === 'server' && command.length === 0
const isClient = kind === 'client' && command.length > 0
if (values.help) console.log(USAGE)
else if (address === undefined || !(isServer || isClient) || !/^https?:\/\//.test(address)) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  const token = process.env['WIREPHOTO_TOKEN']
  const options = { address, token, write: (line: string) => console.log(line) }
  const { failed } = await (isServer ? checkServer(options) : checkClient(options, command))
  if (failed.length > 0) process.exitCode = 1
}
