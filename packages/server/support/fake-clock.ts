import { TrustedClock } from '../src/trusted-clock.ts'

/** A wall clock and a monotonic one that a test moves, and the trusted clock over them. */
export class FakeClock {
  #wall: number
  #monotonic = 0

  constructor(wall = Date.now()) {
    this.#wall = wall
  }

  /** Opens the trusted clock of a process that starts now. */
  open(
    options: Omit<ConstructorParameters<typeof TrustedClock>[0] & {}, 'wallNow'> = {},
  ): TrustedClock {
    const wallNow = () => this.#wall
    return new TrustedClock({ ...options, wallNow, monotonicNow: () => this.#monotonic })
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.#wall += ms
    this.#monotonic += ms
  }

  /** Sets the wall clock, forward or back. */
  step(ms: number): void {
    this.#wall += ms
  }
}
