import { status } from '@grpc/grpc-js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticate, type Caller } from './auth/authenticate.ts';
import { challenges, scopeChallenge } from './auth/challenge.ts';
import { AuthError } from './auth/error.ts';
import { openKeys } from './auth/keys.ts';
import { Nonces } from './auth/nonces.ts';
import { SeenProofs } from './auth/seen-proofs.ts';
import { VerifiedTokens } from './auth/verified-tokens.ts';
import { Circuits } from './breaker/circuits.ts';
import type { AuthConfig } from './config.ts';
import type { Binding, Image } from './image.ts';
import { countAuthFailure, countDenial, countRejection, countReload, reportStates } from './metrics.ts';
import { type AuditEvent, audit } from './rbac/audit.ts';
import { decide } from './rbac/decide.ts';
import { watchPolicy } from './rbac/live-policy.ts';
import { type Rule, ruleOf } from './rbac/rule.ts';
import { Refusal } from './refusal.ts';
import type { Upstream } from './upstream.ts';

/** Who may go where. */
export interface Access {
  /**
   * Gives the way to the backend for a request, before its body is read. Throws a `Refusal` where there is none: 401 without a
   * caller, 403 for a caller who may not, 503 for an open circuit, in this order.
   */
  admit(binding: Binding, request: FastifyRequest, reply: FastifyReply): Promise<Upstream>;
  close(): void;
}

export interface AccessOptions {
  readonly image: Image;
  readonly upstream: Upstream;
  /** The most that a call may take, in milliseconds. */
  readonly limitMs: number;
}

/** Everybody may go everywhere. */
export function openToAll(upstream: Upstream): Access {
  return { admit: async () => upstream, close() {} };
}

/** Lets requests pass by token, role and circuit. */
export function guard(config: AuthConfig, { image, upstream, limitMs }: AccessOptions): Access {
  const circuits = new Circuits({ upstream, limitMs, rejected: countRejection });
  const stopReporting = reportStates(circuits);
  const policy = watchPolicy(config.policy, (isValid) => {
    if (isValid) circuits.keep(policy.current.thresholds);
    countReload(isValid);
  });
  const { issuer, audience } = config;
  const tokens = new VerifiedTokens({ issuer, audience, keys: openKeys(config.jwks_uri) });
  const seen = new SeenProofs();
  const nonces = config.dpop.nonce ? new Nonces() : undefined;
  const options = { tokens, seen, nonces, requiresProof: config.dpop.required };

  async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    const { authorization, dpop } = request.headers;
    const proof = typeof dpop === 'string' ? dpop : undefined;
    if (nonces !== undefined && proof !== undefined) reply.header('dpop-nonce', nonces.current());
    const url = `${config.origin}${request.raw.url}`;
    try {
      return await authenticate({ authorization, proof, method: request.method, url }, options);
    } catch (error) {
      if (error instanceof Refusal) countAuthFailure(error.why);
      if (!(error instanceof AuthError)) throw error;
      countAuthFailure(error.reason);
      const headers = { 'www-authenticate': challenges(error) };
      throw new Refusal(status.UNAUTHENTICATED, error.reason, error.message, headers);
    }
  }

  /** The role that a caller acts in. */
  function permit(caller: Caller, rule: Rule | undefined): string {
    const decision = decide(caller, rule, policy.current);
    if (decision.isAllowed) return decision.role;
    const { why } = decision;
    countDenial(why);
    if (why !== 'insufficient_scope' || rule === undefined)
      throw new Refusal(status.PERMISSION_DENIED, why, 'no role of the caller allows this');
    throw new Refusal(status.PERMISSION_DENIED, why, `the token needs the scope ${rule.scope}`, {
      'www-authenticate': scopeChallenge(caller.scheme, rule.scope),
    });
  }

  function wayFor(role: string, binding: Binding): Upstream {
    const threshold = policy.current.thresholds.get(role);
    if (threshold === undefined) return upstream;
    const circuit = circuits.get(role, binding, threshold);
    circuit.check();
    return circuit.upstream;
  }

  return {
    async admit(binding, request, reply) {
      const rule = ruleOf(binding.method, image.registry);
      let event = eventOf(binding, request);
      const record = config.audit ? audit : () => {};
      try {
        const caller = await identify(request, reply);
        event = { ...event, subject: caller.subject, client: caller.clientId, permission: rule?.permission };
        const role = permit(caller, rule);
        event = { ...event, role };
        const way = wayFor(role, binding);
        record({ ...event, decision: 'allow', why: 'role' });
        return way;
      } catch (error) {
        if (error instanceof Refusal) record({ ...event, decision: 'deny', why: error.why });
        throw error;
      }
    },
    close() {
      policy.close();
      circuits.close();
      stopReporting();
      seen.close();
      tokens.close();
    },
  };
}

/** What a request is for. */
function eventOf({ method }: Binding, request: FastifyRequest): Omit<AuditEvent, 'decision' | 'why'> {
  return {
    method: request.method,
    path: request.raw.url?.split('?', 1)[0] ?? '',
    rpc: `${method.parent.typeName}/${method.name}`,
  };
}
