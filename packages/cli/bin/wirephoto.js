#!/usr/bin/env node
'use strict'
// Old syntax, so that an old Node reaches the sentence below.
var chooseNode = require('./choose-node.js')

var node = chooseNode.betterNode()
var fault = chooseNode.faultOf(process.versions)
if (node) chooseNode.runWith(node, __filename, process.argv.slice(2))
else if (fault) {
  process.stderr.write(fault + '; install Node 24 or newer and start again.\n')
  process.exit(2)
} else {
  // Caches stripped modules across starts (S13); workers read the folder from the environment.
  var cache = require('node:module').enableCompileCache()
  if (cache.directory) process.env.NODE_COMPILE_CACHE = cache.directory
  require('../src/main.ts')
}
