import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A system call that concerns files. */
export interface Call {
  readonly name: string
  /** Its strings, in order: paths or data. */
  readonly texts: readonly Buffer[]
  /** Its numbers, in order: descriptors, lengths, offsets. */
  readonly numbers: readonly number[]
  readonly flags: readonly string[]
  readonly result: number
}

/** The begin or the end of a call: calls of several threads overlap. */
export interface Edge {
  readonly call: Call
  readonly begins: boolean
}

/** All calls that change files. `simulated-disk.ts` refuses those that it can't replay. */
const CALLS =
  'openat,open,creat,close,dup,dup2,dup3,lseek,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,' +
  'fallocate,copy_file_range,sendfile,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,' +
  'symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir'

/** Returns why nothing can be recorded here, or null. */
export async function recordSkipReason(): Promise<string | null> {
  if (process.platform !== 'linux') return 'strace is there on Linux only'
  const probe = spawn('strace', ['-f', '-o', '/dev/null', 'true'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = text(probe.stderr)
  const [code] = await once(probe, 'exit').catch(() => [
    'there is no strace: install the Debian package strace',
  ])
  if (code === 0) return null
  return typeof code === 'string' ? code : `strace is not permitted here: ${(await said).trim()}`
}

/** Runs a program to its end; returns what it and its threads did with files. */
export async function record(argv: readonly string[]): Promise<Edge[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-strace-'))
  try {
    const log = join(folder, 'log')
    const options = [
      '-f',
      '--seccomp-bpf',
      '-xx',
      '-s',
      '100000000',
      '-o',
      log,
      '-e',
      `trace=${CALLS}`,
    ]
    const program = spawn('strace', [...options, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
    program.stdout.resume()
    const [code] = await once(program, 'exit')
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}`)
    return parse(await readFile(log, 'latin1'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function parse(log: string): Edge[] {
  const edges: Edge[] = []
  const unfinished = new Map<string, { line: string; at: number }>()
  for (const line of log.split('\n')) {
    const [, thread, resumed, rest] = /^(\d+) +(<\.\.\. \w+ resumed>)?(.*)$/s.exec(line) ?? []
    if (thread === undefined || rest === undefined || /^[+-]{3} /.test(rest)) continue
    if (rest.endsWith(' <unfinished ...>')) {
      unfinished.set(thread, { line: rest.slice(0, -' <unfinished ...>'.length), at: edges.length })
      edges.push(UNFINISHED_CALL)
    } else if (resumed) {
      const begun = unfinished.get(thread)!
      const call = parseCall(begun.line + rest)
      edges[begun.at] = { call, begins: true }
      edges.push({ call, begins: false })
    } else {
      const call = parseCall(rest)
      edges.push({ call, begins: true }, { call, begins: false })
    }
  }
  return edges
}

/** A call that never returned, since its process ended. */
const UNFINISHED_CALL: Edge = {
  call: { name: 'exit', texts: [], numbers: [], flags: [], result: -1 },
  begins: true,
}

/** Parses `pwrite64(27, "\x0d\x00", 2, 4096) = 2`, with all strings in hex. */
function parseCall(line: string): Call {
  const [, name, args, result] = /^(\w+)\((.*)\)\s+= (-?\d+|\?)/s.exec(line) ?? []
  if (name === undefined || args === undefined) throw new Error(`strace said ${line.slice(0, 200)}`)
  const bare = args.replace(/"[^"]*"/g, '')
  return {
    name,
    texts: Array.from(args.matchAll(/"([^"]*)"/g), ([, hex]) =>
      Buffer.from(hex!.replaceAll('\\x', ''), 'hex'),
    ),
    numbers: (bare.match(/(?<![\w.])-?\d+(?![\w.])/g) ?? []).map(Number),
    flags: bare.match(/[A-Z][A-Z_]+/g) ?? [],
    result: Number(result),
  }
}
