// Before the first paint: what was chosen for this browser. The rest is src/look/theme.ts.
{
  const base = new URL('.', document.currentScript.src).pathname
  try {
    const theme = localStorage.getItem(`theme${base.slice(0, -1)}`)
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  } catch {}
  // A page that was opened beside the server's path, as at its own port, goes there.
  const { pathname, search, hash } = location
  if (!pathname.startsWith(base))
    location.replace(base + (`${pathname}/` === base ? '' : pathname.slice(1)) + search + hash)
}
