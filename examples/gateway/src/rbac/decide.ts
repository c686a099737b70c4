import type { Caller } from '../auth/authenticate.ts';
import type { Why } from '../refusal.ts';
import type { Policy } from './policy.ts';
import type { Rule } from './rule.ts';

export type Decision =
  /** The role that the caller acts in. */
  | { readonly isAllowed: true; readonly role: string }
  | { readonly isAllowed: false; readonly why: Extract<Why, 'no_rule' | 'insufficient_scope' | 'no_role'> };

/** Whether a caller may call a method: the token has its scope, and one of their roles its permission. */
export function decide(
  { scopes, roles }: Pick<Caller, 'scopes' | 'roles'>,
  rule: Rule | undefined,
  policy: Policy,
): Decision {
  if (rule === undefined) return { isAllowed: false, why: 'no_rule' };
  if (!scopes.has(rule.scope)) return { isAllowed: false, why: 'insufficient_scope' };
  for (const [role, permissions] of policy.roles)
    if (roles.includes(role) && permissions.includes(rule.permission)) return { isAllowed: true, role };
  return { isAllowed: false, why: 'no_role' };
}
