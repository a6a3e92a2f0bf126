import { LoopTurns } from '../src/fairness/loop-turns.ts'
import { OWN_PARTY } from '../src/fairness/party.ts'
import { RecentUse } from '../src/fairness/recent-use.ts'

/** Turns of an HTTP server of which all requests come from one party, so that none waits. */
export const withoutTurns = () => ({
  loopTurns: new LoopTurns(new RecentUse()),
  partyOf: () => OWN_PARTY,
})
