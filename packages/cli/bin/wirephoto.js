#!/usr/bin/env node
'use strict'
// Old syntax, so that an old Node reaches the sentence below.
var versions = process.versions

function isAtLeast(version, least) {
  var parts = String(version || '0').split('.')
  for (var i = 0; i < least.length; i++) {
    var difference = Number(parts[i] || 0) - least[i]
    if (difference !== 0) return difference > 0
  }
  return true
}

function refuse(what) {
  process.stderr.write(what + '; install Node 24 or newer and start again.\n')
  process.exit(2)
}

if (!isAtLeast(versions.node, [24])) refuse('This is Node ' + versions.node + ', which is too old')
// Older versions of SQLite can lose data in WAL mode.
else if (!isAtLeast(versions.sqlite, [3, 51, 3]))
  refuse('This Node has SQLite ' + versions.sqlite + ', which is too old (3.51.3 is needed)')
else {
  // Caches stripped modules across starts (S13); workers read the folder from the environment.
  var cache = require('node:module').enableCompileCache()
  if (cache.directory) process.env.NODE_COMPILE_CACHE = cache.directory
  require('../src/main.ts')
}
