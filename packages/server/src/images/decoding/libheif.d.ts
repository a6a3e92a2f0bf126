/** What is used of it; its own declarations leave out the classes. */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  export interface HeifImage {
    readonly handle: { readonly $$: { readonly ptr: number } }
    is_primary(): boolean
    /** Pixels, as seen. */
    get_width(): number
    get_height(): number
    /** RGBA; null when it can't be decoded. */
    display(
      into: { data: Uint8Array; width: number; height: number },
      done: (drawn: object | null) => void,
    ): void
  }

  export default function open(): {
    readonly HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] }
    readonly HEAPU8: Uint8Array<ArrayBuffer>
    _malloc(bytes: number): number
    _heif_image_handle_get_raw_color_profile_size(handle: number): number
    _heif_image_handle_get_raw_color_profile(error: number, handle: number, into: number): void
  }
}
