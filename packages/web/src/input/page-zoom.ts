/**
 * Keeps gestures from zooming the browser's page, which would hide the bars; keys still zoom it. Returns how
 * to stop. On touch screens `touch-action` does it (base.css), but for the gesture events of Safari.
 */
export function preventPageZoom(): () => void {
  const off = new AbortController()
  const prevent = (event: Event): void => event.preventDefault()
  const options = { signal: off.signal, passive: false }
  document.addEventListener('wheel', (event) => event.ctrlKey && prevent(event), options)
  for (const type of ['gesturestart', 'gesturechange'])
    document.addEventListener(type, prevent, options)
  return () => off.abort()
}
