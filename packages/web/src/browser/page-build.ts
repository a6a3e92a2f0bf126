/** Finds the path of the main script in a page. */
export const MAIN_SCRIPT = /<script type="module"[^>]* src="[^"]*(assets\/[^"]+)"/

/** Returns the path of this page's main script, which names its build. */
export function pageBuild(): string {
  const script = document.querySelector<HTMLScriptElement>('script[type="module"]')
  return MAIN_SCRIPT.exec(script?.outerHTML ?? '')?.[1] ?? ''
}
