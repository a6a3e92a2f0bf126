/** A package.json, as far as packing reads it. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports?: string | Readonly<Record<string, string>>
  readonly imports?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly scripts?: object
}

const NODE_VERSIONS = '>=24'

/** Returns the path of a source's JavaScript in a packed package, or of its types. */
const built = (source: string, extension: string): string =>
  source.replace(/^\.\/src\/(.*)\.ts$/, `./dist/$1${extension}`)

const mapValues = <T, U>(record: Readonly<Record<string, T>>, to: (value: T) => U) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]))

/** Returns the package.json of a packed package: as in the workspace, with the built files in place of the sources. */
export function packedManifest({ scripts: _scripts, ...manifest }: Manifest): object {
  const { exports, imports, bin } = manifest
  const entries = typeof exports === 'string' ? { '.': exports } : exports
  return {
    ...manifest,
    engines: { node: NODE_VERSIONS },
    files: ['bin', 'dist', 'page'],
    ...(entries && {
      exports: mapValues(entries, (source) =>
        source.endsWith('.ts')
          ? { types: built(source, '.d.ts'), default: built(source, '.js') }
          : source,
      ),
    }),
    ...(imports && { imports: mapValues(imports, (source) => built(source, '.js')) }),
    ...(bin && { bin: mapValues(bin, (source) => built(source, '.js')) }),
  }
}

/** Returns the same with other packages of ours inside, so that one file installs. npm installs what those need. */
export function withBundled(packed: object, bundled: readonly Manifest[]): object {
  const { dependencies = {} } = packed as Pick<Manifest, 'dependencies'>
  const all = [...bundled.map((each) => each.dependencies ?? {}), dependencies]
  const sorted = Object.entries(Object.assign({}, ...all) as Record<string, string>).sort(
    ([a], [b]) => (a < b ? -1 : 1),
  )
  return {
    ...packed,
    dependencies: Object.fromEntries(sorted),
    bundleDependencies: bundled.map(({ name }) => name),
  }
}
