import type { SpanContext } from '@opentelemetry/api';
import { isIncoming } from '../../calls/call.js';
import type { CallRecord } from '../../calls/observer.js';
import type { RuleConfig } from '../../config/config.js';
import type { CallStart } from '../../instrumentation.js';
import { globPattern, type Pattern, templatePattern } from './pattern.js';
import { isSampled } from './sampled.js';
import { fractionOf } from './sampler.js';

/**
 * What the rules say of a call. `unsampled` and `dropped` are about it and all that is inside it, and only the former may
 * still be kept when it has failed. `absent`: it has no span, and its callee becomes a child of the span around it.
 */
export type Verdict = 'sampled' | 'unsampled' | 'dropped' | 'absent';

export interface Rules {
  /** `undefined`: the sampler decides. */
  decide(
    call: CallRecord,
    start: CallStart,
    traceId: string,
    parent: SpanContext | undefined,
  ): Verdict | undefined;
}

/**
 * @param followsCallers whether the decision of a caller in another process stands, as with the `parentbased_` samplers.
 */
export function createRules(configs: readonly RuleConfig[], followsCallers: boolean): Rules {
  const rules = configs.map(createRule);
  return {
    decide(call, start, traceId, parent) {
      // Its ids are given away already, and with them the promise that it is recorded.
      if (call.ended !== undefined) return undefined;
      const facts = new Facts(call, start);
      const rule = rules.find(({ conditions }) => conditions.every((holds) => holds(facts)));
      if (rule === undefined) return undefined;
      const isInside = parent !== undefined && parent.isRemote !== true && !isIncoming(call.kind);
      if (isInside) return (rule.isDrop || isSampled(parent)) && !rule.admits(traceId) ? 'absent' : undefined;
      if (rule.isDrop) return 'dropped';
      const told = parent !== undefined && followsCallers ? isSampled(parent) : undefined;
      return (told ?? true) && rule.admits(traceId, told) ? 'sampled' : 'unsampled';
    },
  };
}

interface Rule {
  readonly isDrop: boolean;
  readonly conditions: readonly ((facts: Facts) => boolean)[];
  /** `told`: the decision of a caller that stands. */
  admits(traceId: string, told?: boolean): boolean;
}

function createRule(config: RuleConfig): Rule {
  return { isDrop: config.drop === true, conditions: conditionsOf(config), admits: admissionOf(config) };
}

function admissionOf({ ratio, rate }: RuleConfig): Rule['admits'] {
  if (rate !== undefined) return rateLimit(rate);
  if (ratio === undefined) return () => false;
  const isAmong = fractionOf(ratio);
  return (traceId, told) => told ?? isAmong(traceId);
}

/** As many as `perSecond`. What was not used within a second is lost; less than one waits for longer. */
export function rateLimit(perSecond: number): () => boolean {
  const most = Math.max(1, perSecond);
  let available = most;
  let seenAt = performance.now();
  return () => {
    const now = performance.now();
    available = Math.min(most, available + ((now - seenAt) / 1000) * perSecond);
    seenAt = now;
    if (available < 1) return false;
    available -= 1;
    return true;
  };
}

/** The cheapest conditions come first. */
function conditionsOf({ kind, method, service, route, path }: RuleConfig): Rule['conditions'] {
  const conditions: ((facts: Facts) => boolean)[] = [];
  if (kind !== undefined) conditions.push(({ call }) => call.kind === kind);
  if (method !== undefined) conditions.push(({ call }) => call.attributes['http.request.method'] === method);
  if (service !== undefined) conditions.push(serviceIs(globPattern(service)));
  if (route !== undefined) conditions.push(routeIs(globPattern(route), templatePattern(route)));
  if (path !== undefined) conditions.push(pathIs(globPattern(path)));
  return conditions;
}

function serviceIs(pattern: Pattern): (facts: Facts) => boolean {
  return ({ call, rpc }) => {
    const address = call.attributes['server.address'];
    if (typeof address === 'string' && pattern(address)) return true;
    return rpc !== undefined && pattern(rpc.split('/', 1)[0] as string);
  };
}

/** Routers tell the route of a request too late. A path that its template describes is known when the call opens. */
function routeIs(name: Pattern, template: Pattern): (facts: Facts) => boolean {
  return ({ rpc, route, path }) => {
    const known = rpc ?? route;
    return known === undefined ? path !== undefined && template(path) : name(known);
  };
}

function pathIs(pattern: Pattern): (facts: Facts) => boolean {
  return ({ path }) => path !== undefined && pattern(path);
}

/** What is known of a call when it opens. */
class Facts {
  readonly call: CallRecord;
  readonly #start: CallStart;
  #path: string | undefined;

  constructor(call: CallRecord, start: CallStart) {
    this.call = call;
    this.#start = start;
  }

  /** `package.Service/Method`, also of one that the server does not have. */
  get rpc(): string | undefined {
    const { convention, route, operation } = this.#start;
    return convention.route === 'rpc.method' ? (route ?? operation) : undefined;
  }

  get route(): string | undefined {
    return this.call.route;
  }

  get path(): string | undefined {
    this.#path ??= this.rpc === undefined ? pathIn(this.#start) : `/${this.rpc}`;
    return this.#path;
  }
}

/** Of a request by HTTP, without the query. */
function pathIn({ convention, spanAttributes }: CallStart): string | undefined {
  if (convention.operation !== 'http.request.method') return undefined;
  const { 'url.path': path, 'url.full': url } = spanAttributes?.() ?? {};
  if (typeof path === 'string' || typeof url !== 'string') return path as string | undefined;
  const begin = url.indexOf('/', url.indexOf('://') + 3);
  if (begin === -1) return '/';
  const end = url.slice(begin).search(/[?#]/);
  return end === -1 ? url.slice(begin) : url.slice(begin, begin + end);
}
