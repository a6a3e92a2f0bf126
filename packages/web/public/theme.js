// Before the first paint: what was chosen for this browser. The rest is src/look/ and src/words/language.ts.
{
  const { currentScript, documentElement: root } = document
  const { src, dataset } = currentScript
  const base = new URL('.', src).pathname
  const kept = (key) => {
    try {
      return localStorage.getItem(key + base.slice(0, -1))
    } catch {}
  }
  const theme = kept('theme')
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
  // The attributes of this script name the sentences of each language. English has none: it is in the page.
  // Browsers have tags that `Intl` throws at, such as `en-US@posix`.
  const [language, name] = [kept('language'), ...navigator.languages]
    .map((tag) => /^(en|de|ar)\b(?:-\w{2,8})*/.exec(tag))
    .find(Boolean) ?? ['en']
  root.lang = language
  if (name === 'ar') root.dir = 'rtl'
  if (dataset[name]) document.write(`<script defer src="${base + dataset[name]}"></script>`)
  // A page that was opened beside the server's path, as at its own port, goes there.
  const { pathname, search, hash } = location
  if (!pathname.startsWith(base))
    location.replace(base + (`${pathname}/` === base ? '' : pathname.slice(1)) + search + hash)
}
