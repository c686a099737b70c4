/** A client of the example, which is a person or a service, and the roles that it has. */
export interface DemoClient {
  readonly secret: string;
  readonly scope: string;
  readonly roles: readonly string[];
  /** Whether its tokens are bound to its key. */
  readonly isBound: boolean;
}

const ALL = 'orders.read orders.write';

/** They are in this file because it is an example. */
export const CLIENTS: Readonly<Record<string, DemoClient>> = {
  ada: { secret: 'ada-secret', scope: ALL, roles: ['admin'], isBound: false },
  bob: { secret: 'bob-secret', scope: ALL, roles: ['clerk'], isBound: false },
  eve: { secret: 'eve-secret', scope: ALL, roles: ['auditor'], isBound: false },
  kim: { secret: 'kim-secret', scope: ALL, roles: ['clerk'], isBound: true },
};
