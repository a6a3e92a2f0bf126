import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** The rules whose answer depends on the look. The others are asked once. */
const RULES_OF_LOOK = ['color-contrast']

/** Inspects one view after the other in the light and the dark look, and collects their problems. */
export function openInspector(page: Page): { found: string[]; look(view: string): Promise<void> } {
  const found: string[] = []
  const look = async (view: string): Promise<void> => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      // Elements that move or fade have another contrast.
      await page.waitForFunction(() =>
        document.getAnimations().every(({ playState }) => playState !== 'running'),
      )
      const problems = await problemsOf(page, colorScheme === 'dark' ? RULES_OF_LOOK : undefined)
      for (const problem of problems) found.push(`${view}, ${colorScheme}: ${problem}`)
    }
  }
  return { found, look }
}

async function problemsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: AXE })
  const { violations } = await page.evaluate((runOnly) => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    // To describe what passes takes long.
    return axe.run({ resultTypes: ['violations'], ...(runOnly && { runOnly }) })
  }, rules)
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
  )
}
