import { defineConfig } from 'oxlint'

/** The packages of ours that each package may import. Arrows only point down (ARCHITECTURE.md). */
const arrows = {
  board: [],
  engine: ['board'],
  client: ['board'],
  server: ['engine', 'board'],
  web: ['client', 'board'],
  mcp: ['client', 'board'],
  cli: ['mcp', 'server', 'client', 'engine', 'board'],
  conformance: ['board'],
} as const satisfies Record<string, readonly string[]>

const byPath = {
  regex: String.raw`^\.\.?/(.*/)?(packages|[\w-]+/src)/`,
  message: 'Another package is imported by its name, never by a path.',
}
const node = { regex: '^node:', message: 'The domain does no I/O and runs in a browser.' }

const inPackage = (name: string, down: readonly string[]) => {
  const others = Object.keys(arrows).filter((other) => other !== name && !down.includes(other))
  return {
    regex: `^(wirephoto|@wirephoto/(${others.join('|')}))(/|$)`,
    message: `${name} may import ${down.join(', ') || 'nothing'} of ours. Arrows only point down.`,
  }
}

/**
 * The page's folders and files, from the ground up. Each may import those of the rows above it here,
 * and none of its own row.
 */
const pageLevels: readonly (readonly string[])[] = [
  ['browser', 'offline'],
  ['look', 'words', 'geometry', 'input'],
  ['state', 'api'],
  ['drop'],
  ['app-state.ts'],
  ['actions'],
  ['app.ts'],
  ['ui'],
  ['stage', 'feed', 'lightbox', 'shell', 'wall'],
  ['panel-views.ts'],
  ['page.tsx'],
  ['main.tsx'],
]

const onPage = (name: string, below: readonly string[]) => {
  const others = pageLevels.flat().filter((other) => other !== name && !below.includes(other))
  const names = others.map((other) => other.replace('.', String.raw`\.`)).join('|')
  return {
    regex: String.raw`^(\.\.?/)+(src/)?(${names})(/|$)`,
    message: `${name} may import ${below.join(', ') || 'nothing'} of the page. Arrows only point down.`,
  }
}

const restrict = (...patterns: Pattern[]): { 'no-restricted-imports': Restricted } => ({
  'no-restricted-imports': ['error', { patterns: [byPath, ...patterns] }],
})
type Pattern = { regex: string; message: string }
type Restricted = ['error', { patterns: Pattern[] }]

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import'],
  jsPlugins: ['./lint/house.ts'],
  categories: { correctness: 'error' },
  rules: {
    'typescript/no-floating-promises': [
      'error',
      {
        allowForKnownSafeCalls: [
          { from: 'package', package: 'node:test', name: ['test', 'suite'] },
        ],
      },
    ],
    'typescript/no-misused-promises': 'error',
    // It takes what is taken out of Promise.withResolvers() for a method torn off its object.
    'typescript/unbound-method': 'off',
    'typescript/restrict-template-expressions': 'off',
    // It takes `??=` for no use; tsc's noUnusedLocals doesn't.
    'no-unused-private-class-members': 'off',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'house/unit-in-name': 'error',
    'house/plain-comments': 'error',
    'house/copy-in-tables': 'error',
    ...restrict(),
  },
  overrides: [
    {
      // A promise that nobody waits for would end the server, or the program that uses the SDK. On the page
      // nobody would hear of it. `void` hides it, and inBackground catches it.
      files: Object.keys(arrows).map((name) => `packages/${name}/src/**`),
      excludeFiles: [
        '**/*.test.ts',
        'packages/engine/src/contract/**',
        'packages/engine/src/contract.ts',
      ],
      rules: {
        'typescript/no-floating-promises': ['error', { ignoreVoid: false }],
        'no-void': 'error',
      },
    },
    ...Object.entries(arrows).map(([name, down]) => ({
      files: [`packages/${name}/**`],
      rules: restrict(inPackage(name, down), ...(name === 'board' ? [node] : [])),
    })),
    {
      files: ['packages/board/**/*.test.ts'],
      rules: restrict(inPackage('board', arrows.board)),
    },
    ...pageLevels.flatMap((level, i) =>
      level.map((name) => ({
        files: [`packages/web/src/${name}${name.includes('.') ? '' : '/**'}`],
        rules: restrict(inPackage('web', arrows.web), onPage(name, pageLevels.slice(0, i).flat())),
      })),
    ),
    {
      // A browser that blocks site data throws at a look at these.
      files: ['packages/web/src/**', 'packages/client/src/**'],
      excludeFiles: [
        'packages/web/src/browser/**',
        'packages/client/src/channel.ts',
        '**/*.test.ts',
      ],
      rules: {
        'no-restricted-globals': [
          'error',
          ...['localStorage', 'sessionStorage', 'indexedDB', 'BroadcastChannel'].map((name) => ({
            name,
            message: 'Use browser/site-data.ts or openChannel.',
          })),
        ],
      },
    },
    // Solid assigns what `ref={…}` names.
    { files: ['packages/web/**/*.tsx'], rules: { 'no-unassigned-vars': 'off' } },
  ],
})
