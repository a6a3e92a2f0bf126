/** The part of libheif that is used here. Its own declarations lack the classes. */
declare module 'libheif-js/libheif-wasm/libheif-bundle.mjs' {
  export interface HeifImage {
    readonly handle: { readonly $$: { readonly ptr: number } }
    is_primary(): boolean
    /** Pixels after orientation. */
    get_width(): number
    get_height(): number
    /** Draws RGBA; calls back with null if that fails. */
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
