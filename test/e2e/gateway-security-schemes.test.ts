/** What the descriptions of a gateway say of tokens: which scope an operation needs, and how it refuses. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../support/app.js';
import { buildImage, startGateway } from '../support/gateway.js';
import { startGuardedGateway } from '../support/guarded-gateway.js';

const NOWHERE = '127.0.0.1:1';

let open: App;
let guarded: App;
beforeAll(async () => {
  const image = buildImage();
  open = await startGateway(image, NOWHERE);
  guarded = await startGuardedGateway(image, NOWHERE, 'http://127.0.0.1:1');
}, 90_000);
afterAll(() => Promise.all([open?.stop(), guarded?.stop()]));

interface Operation {
  readonly security?: Record<string, string[]>[];
  readonly responses: Record<string, object>;
}

interface Description {
  readonly security: object[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly securitySchemes?: Record<string, object> };
}

async function describe(app: App, version: string): Promise<Description> {
  return (await (await fetch(`${app.url}/${version}/openapi.json`)).json()) as Description;
}

const operationsOf = ({ paths }: Description) => Object.values(paths).flatMap((path) => Object.values(path));

test.each(['v1', 'v2'])(
  'each operation of %s needs a token and tells its scope and its refusals',
  async (version) => {
    const description = await describe(guarded, version);
    const schemes = Object.keys(description.components.securitySchemes ?? {});
    expect(schemes).toEqual(['bearer', 'dpop']);
    for (const { security = [], responses } of operationsOf(description)) {
      expect(security.flatMap(Object.keys)).toEqual(schemes);
      expect(Object.keys(responses)).toEqual(['200', '400', '401', '403', '503', 'default']);
    }
    const place = description.paths[`/${version}/orders`]?.['post'];
    expect(place?.security).toEqual([{ bearer: ['orders.write'] }, { dpop: ['orders.write'] }]);
  },
);

test('where nobody asks for a token, a description does not speak of it', async () => {
  const description = await describe(open, 'v1');
  expect([description.security, description.components.securitySchemes]).toEqual([[], undefined]);
  for (const { security, responses } of operationsOf(description)) {
    expect(security).toBeUndefined();
    expect(Object.keys(responses)).toEqual(['200', '400', 'default']);
  }
});
