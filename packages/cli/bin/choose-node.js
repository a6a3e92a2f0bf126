'use strict'
// Old syntax, so that an old Node reaches the sentences below.
var path = require('path')
var fs = require('fs')
var childProcess = require('child_process')

/** The first version of each line with the security fixes of October 2026. Lines between have ended. */
var SAFE_VERSIONS = { 24: '24.22.1', 26: '26.12.1' }

/** Older versions of SQLite can lose data in WAL mode. */
var LEAST_SQLITE_VERSION = '3.51.3'
/** Set for the process that was chosen, so that it doesn't choose again. */
var CHOSEN = 'WIREPHOTO_NODE_IS_CHOSEN'
/** Another program may be called `node`, and hang. */
var ANSWER_TIMEOUT_MS = 5000

function isAtLeast(version, least) {
  var parts = String(version || '0').split('.')
  var leastParts = String(least).split('.')
  for (var i = 0; i < leastParts.length; i++) {
    var difference = Number(parts[i] || 0) - Number(leastParts[i])
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Returns why a Node can't run Wirephoto, or null. */
function faultOf(versions) {
  if (!isAtLeast(versions.node, '24')) return 'This is Node ' + versions.node + ', which is too old'
  if (!isAtLeast(versions.sqlite, LEAST_SQLITE_VERSION))
    return (
      'This Node has SQLite ' +
      versions.sqlite +
      ', which is too old (' +
      LEAST_SQLITE_VERSION +
      ' is needed)'
    )
  return null
}

function isSafe(version) {
  var least = SAFE_VERSIONS[String(version).split('.')[0]]
  if (least) return isAtLeast(version, least)
  return Object.keys(SAFE_VERSIONS).every(function (line) {
    return isAtLeast(version, Number(line) + 1)
  })
}

/** Returns the sentence for an operator whose Node lacks security fixes, or null. */
function warningFor(version) {
  if (isSafe(version)) return null
  var safe = Object.keys(SAFE_VERSIONS).map(function (line) {
    return SAFE_VERSIONS[line]
  })
  return (
    'Node ' +
    version +
    ' lacks security fixes of October 2026; install Node ' +
    safe.join(', ') +
    ' or newer from nodejs.org and start again, then that one is used.'
  )
}

/** Lists the programs that may be a Node: npm's own, those on the PATH, and those that npm has brought. */
function candidates() {
  var name = process.platform === 'win32' ? 'node.exe' : 'node'
  var programs = [process.env.npm_node_execpath].concat(
    String(process.env.PATH || process.env.Path || '')
      .split(path.delimiter)
      .map(function (folder) {
        return path.join(folder, name)
      }),
  )
  for (var folder = __dirname; ; folder = path.dirname(folder)) {
    programs.push(path.join(folder, 'node_modules', '.bin', 'node'))
    if (folder === path.dirname(folder)) break
  }
  var seen = {}
  return programs.filter(function (program) {
    // A relative folder would be the current one's.
    if (!program || !path.isAbsolute(program)) return false
    try {
      var real = fs.realpathSync(program)
      var isNew = !seen[real]
      seen[real] = true
      return isNew
    } catch {
      return false
    }
  })
}

/** Asks a program for its versions; null if it is no Node for this machine. */
function versionsOf(program) {
  var args = ['-p', 'JSON.stringify(process.versions)']
  var answer = childProcess.spawnSync(program, args, { timeout: ANSWER_TIMEOUT_MS })
  try {
    return answer.status === 0 ? JSON.parse(String(answer.stdout)) : null
  } catch {
    return null
  }
}

/** Whether npm has brought the Node that runs here; any other was somebody's choice. */
function isBroughtByNpm() {
  return process.execPath.split(path.sep).indexOf('node_modules') >= 0
}

/**
 * Returns the path of a Node that should run in place of this one; null to go on with this one. It is any if this
 * one can't run Wirephoto, and a newer one if npm has brought this one and it lacks security fixes.
 */
function betterNode() {
  var isChosen = process.env[CHOSEN] === '1'
  delete process.env[CHOSEN]
  var isUsable = faultOf(process.versions) === null
  if (isChosen || (isUsable && (isSafe(process.versions.node) || !isBroughtByNpm()))) return null
  var best = isUsable ? { path: null, version: process.versions.node } : null
  var programs = candidates()
  for (var i = 0; i < programs.length; i++) {
    var versions = versionsOf(programs[i])
    if (!versions || faultOf(versions)) continue
    var found = { path: programs[i], version: versions.node }
    if (isSafe(versions.node)) return found.path
    var isKnownLine = Boolean(SAFE_VERSIONS[versions.node.split('.')[0]])
    if (!best || (isKnownLine && !isAtLeast(best.version, versions.node))) best = found
  }
  return best && best.path
}

/** Runs a script with another Node, in place of this process where the system can do that. */
function runWith(node, script, args) {
  var env = Object.assign({}, process.env)
  env[CHOSEN] = '1'
  // With one process less, whoever watches or signals this one meets the program itself.
  if (process.execve && process.platform !== 'win32')
    process.execve(node, [node, script].concat(args), env)
  var child = childProcess.spawn(node, [script].concat(args), { stdio: 'inherit', env: env })
  // A terminal sends Ctrl C to both.
  process.on('SIGINT', function () {})
  process.on('SIGTERM', function () {
    child.kill('SIGTERM')
  })
  child.on('exit', function (code, signal) {
    process.exit(signal ? 1 : code)
  })
}

exports.betterNode = betterNode
exports.faultOf = faultOf
exports.runWith = runWith
exports.warningFor = warningFor
