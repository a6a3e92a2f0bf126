#!/usr/bin/env node
'use strict'
// Old syntax, so that an old Node reaches the sentence below.
var path = require('path')
var childProcess = require('child_process')

function isAtLeast(version, least) {
  var parts = String(version || '0').split('.')
  for (var i = 0; i < least.length; i++) {
    var difference = Number(parts[i] || 0) - least[i]
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Returns why a Node can't run Wirephoto, or null. */
function faultOf(versions) {
  if (!isAtLeast(versions.node, [24])) return 'This is Node ' + versions.node + ', which is too old'
  // Older versions of SQLite can lose data in WAL mode.
  if (!isAtLeast(versions.sqlite, [3, 51, 3]))
    return 'This Node has SQLite ' + versions.sqlite + ', which is too old (3.51.3 is needed)'
  return null
}

/** Finds a Node that can, where npm puts programs: in each folder above this file. */
function findNode() {
  for (var folder = __dirname; ; folder = path.dirname(folder)) {
    var node = path.join(folder, 'node_modules', '.bin', 'node')
    // There may be none, or one for another machine.
    var answer = childProcess.spawnSync(node, ['-p', 'JSON.stringify(process.versions)'])
    if (answer.status === 0 && faultOf(JSON.parse(String(answer.stdout))) === null) return node
    if (folder === path.dirname(folder)) return null
  }
}

/** Runs the same command with another Node, in place of this one. */
function runWith(node) {
  var args = [__filename].concat(process.argv.slice(2))
  var child = childProcess.spawn(node, args, { stdio: 'inherit' })
  // A terminal sends Ctrl C to both.
  process.on('SIGINT', function () {})
  process.on('SIGTERM', function () {
    child.kill('SIGTERM')
  })
  child.on('exit', function (code, signal) {
    process.exit(signal ? 1 : code)
  })
}

var fault = faultOf(process.versions)
var node = fault && findNode()
if (node) runWith(node)
else if (fault) {
  process.stderr.write(fault + '; install Node 24 or newer and start again.\n')
  process.exit(2)
} else {
  // Caches stripped modules across starts (S13); workers read the folder from the environment.
  var cache = require('node:module').enableCompileCache()
  if (cache.directory) process.env.NODE_COMPILE_CACHE = cache.directory
  require('../src/main.ts')
}
