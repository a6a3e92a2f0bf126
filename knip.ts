import type { KnipConfig } from 'knip'

const project = '**/*.{ts,tsx,css}'

export default {
  workspaces: {
    '.': {
      entry: [
        // Started by `with-best-node.mjs`.
        'test/run.ts',
        'test/**/*.test.ts',
        // Programs that tests start.
        'test/**/serve-with-*.ts',
        'test/support/faulty-client.ts',
        'test/crash/power-loss/*-writer.ts',
        'test/formats/record.ts',
        'bench/baselines/*.ts',
        'examples/*/*.ts',
      ],
      project: [`{bench,docs,examples,lint,packing,test}/${project}`, '*.ts'],
      // A program that a test starts, and what the engine's and the server's own tests use.
      ignoreDependencies: ['@arethetypeswrong/cli', 'aws4fetch', /^@opentelemetry\//],
      // Debian's, where the test that needs it says so when it is missing.
      ignoreBinaries: ['prlimit', 'script', 'strace', 'taskset', 'WebKitWebDriver', 'Xvfb'],
    },
    'packages/*': { entry: ['src/**/*.test.ts'], project: [project] },
    // The types of a script in old syntax.
    'packages/cli': {
      entry: ['src/**/*.test.ts', 'bin/choose-node.d.ts'],
      project: [project],
      // Installed by those who have agents.
      ignoreDependencies: ['@wirephoto/mcp'],
      // Debian's, as above.
      ignoreBinaries: ['fish'],
    },
    'packages/board': { entry: ['src/**/*.test.ts', 'examples/*.ts'], project: [project] },
    'packages/client': { entry: ['src/**/*.test.ts', 'examples/*.ts'], project: [project] },
    'packages/engine': {
      entry: ['src/**/*.test.ts', 'examples/*.ts'],
      project: [project],
      // Drivers, installed by those who use them.
      ignoreDependencies: ['aws4fetch', 'pg', 'rethinkdb-ts'],
    },
    'packages/server': {
      entry: ['src/**/*.test.ts', 'examples/*.ts'],
      project: [project],
      // Installed by those who use them.
      ignoreDependencies: ['@redis/client', /^@opentelemetry\//],
      // Debian's, as above.
      ignoreBinaries: ['exiftool'],
    },
  },
  compilers: {
    // Fonts and other files that stylesheets take from packages.
    css: (text) =>
      Array.from(text.matchAll(/url\("([^"]+)"\)/g), ([, path]) => `import '${path}'`).join('\n'),
  },
} satisfies KnipConfig
