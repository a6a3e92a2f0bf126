/** The sentences on why a sign-in failed, which the server alone knows. */
export const signInReasons = {
  foreign: "That sign-in wasn't begun in this browser, or its time is over. Begin again.",
  refused: 'The provider refused to sign you in. Try again, or ask who runs this server.',
  unlisted: (name: string): string =>
    `You signed in as ${name}, who isn't listed as an owner of this server. Ask who runs it.`,
  unverified: (email: string): string =>
    `The provider hasn't verified that ${email} is yours. Verify it there, and sign in again.`,
  away: "The provider that signs people in doesn't answer. Try again in a moment.",
} as const
