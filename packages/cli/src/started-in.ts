/** Whether `npm start` runs this process. */
export const isRunByNpm = (): boolean => process.env['npm_lifecycle_event'] === 'start'

/** Returns the folder that the operator started in: npm runs scripts in the package's folder. */
export const startedIn = (): string => (isRunByNpm() && process.env['INIT_CWD']) || process.cwd()
