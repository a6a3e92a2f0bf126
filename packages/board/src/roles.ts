/** The roles, each with the rights of those before it. */
export const ROLES = ['view', 'add', 'edit', 'own'] as const
export type Role = (typeof ROLES)[number]

/** Whether a role has all rights of another. */
export const hasRights = (role: Role, of: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(of)
