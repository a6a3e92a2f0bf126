import { after, type TestContext } from 'node:test'

/**
 * Returns a stack that is disposed after the test; without a test, after all tests of the file or the suite.
 * It closes the last one opened first, and all of them even if one rejects.
 */
export function cleanupAfter(t?: TestContext): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  const dispose = () => stack.disposeAsync()
  if (t) t.after(dispose)
  else after(dispose)
  return stack
}
