/** Flags of a server whose one generator sends what a thousand people would. */
export const UNBOUNDED = [
  'commands-per-visitor',
  'commands-per-address',
  'arriving-per-visitor',
  'arriving-per-address',
  'arriving-per-board',
  'queues-per-address',
  'queues-per-visitor',
].flatMap((name) => ['--bound', `${name}=1000000`])
