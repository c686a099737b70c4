/** The page for people, in a real browser, on a running application. */
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type App, freePort, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { hasProgram } from '../support/program.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where screenshots go, if anybody wants to look at them. */
const SCREENSHOTS = process.env['SCREENSHOTS'];

async function start(env: Record<string, string> = {}): Promise<{ app: App; address: string }> {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const port = await freePort();
  const app = await startApp('live.cjs', {
    env: {
      OTEL_SERVICE_NAME: 'shop',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      ...env,
    },
  });
  onTestFinished(() => app.stop());
  await fetch(`${app.url}/orders/1`);
  return { app, address: `http://127.0.0.1:${port}` };
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

test('the page is there on loopback, and elsewhere only if it is asked for', async () => {
  const local = await start();
  expect(await statusOf(`${local.address}/`)).toBe(200);

  const open = await start({ OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0' });
  for (const path of ['/', '/live.json', '/live.js']) expect(await statusOf(open.address + path)).toBe(404);
  expect(await statusOf(`${open.address}/metrics`)).toBe(200);
});

test('on loopback only requests to a name of this machine are answered', async () => {
  const { address } = await start();
  expect(await statusOf(`${address}/live.json`, { host: 'localhost:9464' })).toBe(200);
  expect(await statusOf(`${address}/live.json`, { host: 'evil.example' })).toBe(403);
});

test('without an exporter of traces the page says so, and nothing is gathered', async () => {
  const { address } = await start({ OTEL_TRACES_EXPORTER: 'none' });
  expect(await (await fetch(`${address}/live.json`)).json()).not.toHaveProperty('traces');
});

test('traces are gathered only while somebody looks', async () => {
  const { app, address } = await start();
  const look = async (): Promise<{ traces: { spans: { details: string[] }[] }[] }> =>
    (await (await fetch(`${address}/live.json`)).json()) as { traces: { spans: { details: string[] }[] }[] };
  expect((await look()).traces).toEqual([]);
  await fetch(`${app.url}/slow`);
  const { traces } = await look();
  expect(traces.find(({ spans }) => spans[0]?.details[0] === 'SERVER GET /slow')).toMatchObject({
    failed: false,
    spans: [
      { depth: 0, details: ['SERVER GET /slow', '200'] },
      { depth: 1, details: ['CLIENT GET', '200', expect.any(String)] },
      { depth: 2, details: ['SERVER GET /orders/:id', '200'] },
    ],
  });
});

const CHROMIUM = 'chromium';

describe.runIf(hasProgram(CHROMIUM, 'apt-get install chromium'))('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await puppeteer.launch({
      executablePath: `/usr/bin/${CHROMIUM}`,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  }, 60_000);
  afterAll(() => browser?.close());

  async function open(app: App, address: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (asked) => {
      if (!asked.url().startsWith(address) && !asked.url().startsWith('data:')) problems.push(asked.url());
    });
    onTestFinished(() => expect(problems).toEqual([]));
    await page.goto(address);
    await page.waitForSelector('#calls tr');
    for (const path of ['/orders/7', '/orders/8', '/slow', '/broken']) await fetch(app.url + path);
    await page.waitForSelector('#traces details');
    return page;
  }

  const textOf = (page: Page, selector: string): Promise<string[]> =>
    page.$$eval(selector, (all) => all.map((each) => each.textContent ?? ''));

  test('it shows the calls, the failed trace as a waterfall and the health of Redhook', async () => {
    const { app, address } = await start();
    const page = await open(app, address);

    expect(await textOf(page, '#service')).toEqual(['shop']);
    expect((await textOf(page, '#calls th')).sort()).toEqual([
      'GET /brokenhttp.server',
      'GET /orders/:idhttp.server',
      'GET /slowhttp.server',
      expect.stringMatching(/^GET 127\.0\.0\.1:\d+http\.client$/),
    ]);
    await page.click('[data-traces=failed]');
    expect(await textOf(page, '#traces summary .name')).toEqual([
      expect.stringContaining('SERVER GET /broken'),
    ]);
    await page.click('[data-traces=slowest]');
    expect((await textOf(page, '#traces summary .name'))[0]).toContain('SERVER GET /slow');
    await page.click('#traces summary');
    expect(await textOf(page, 'details[open] .label span:first-child')).toEqual([
      'SERVER GET /slow  200',
      expect.stringMatching(/^· CLIENT GET {2}200/),
      '· · SERVER GET /orders/:id  200',
    ]);
    expect(await textOf(page, '#totals dt')).toContain('redhook.spans.dropped');
  });

  test('it shows what is observed, and which settings differ from the defaults and why', async () => {
    const { app, address } = await start({ OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg' });
    const page = await open(app, address);
    const cells = (selector: string): Promise<(string | null)[][]> =>
      page.$$eval(`${selector} tr`, (rows) =>
        rows.map((row) => [...row.children].map((cell) => cell.textContent)),
      );

    expect(await cells('#instrumentations')).toEqual(
      expect.arrayContaining([
        ['http-server', 'on', ''],
        ['pg', 'off', ''],
      ]),
    );
    expect(await textOf(page, '#waiting')).toEqual([expect.stringContaining('express')]);
    expect(await cells('#configuration')).toEqual(
      expect.arrayContaining([
        ['service.nameOTEL_SERVICE_NAME', 'shop'],
        ['instrumentations.pgOTEL_NODE_DISABLED_INSTRUMENTATIONS', 'false'],
      ]),
    );
    const differing = (await cells('#configuration')).length;
    await page.click('#all-values');
    expect((await cells('#configuration')).length).toBeGreaterThan(differing + 20);
  });

  test('the keyboard reaches everything, and an open trace stays open and focused', async () => {
    const { app, address } = await start();
    const page = await open(app, address);
    const openTrace = "document.querySelector('details[open]').dataset.trace";
    const reached: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press('Tab');
      reached.push(String(await page.evaluate('document.activeElement.textContent.trim()')));
    }
    expect(reached.slice(0, 4)).toEqual(['Pause', 'Newest', 'Slowest', 'Failed']);
    await page.keyboard.press('Enter');
    const before = await page.evaluate(openTrace);
    await fetch(`${app.url}/orders/9`);
    await page.waitForFunction("document.querySelectorAll('#traces details').length > 4");
    expect(await page.evaluate(openTrace)).toBe(before);
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
  });

  test.each([
    ['phone', 'light', 390],
    ['phone', 'dark', 390],
    ['desktop', 'light', 1280],
    ['desktop', 'dark', 1280],
  ] as const)(
    'on a %s in the %s theme axe finds nothing, and nothing sticks out',
    async (device, theme, width) => {
      const { app, address } = await start();
      const page = await open(app, address);
      await page.setViewport({ width, height: 900 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
      await page.click('[data-traces=slowest]');
      await page.click('#traces summary');

      // The policy of the page lets no other script in, so axe comes through the debugger.
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string }[] }> };
        };
        return (await axe.run()).violations.map(({ id }) => id);
      });
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');

      expect(violations).toEqual([]);
      expect(overflow).toBeLessThanOrEqual(0);
      if (SCREENSHOTS === undefined) return;
      mkdirSync(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `${device}-${theme}.png`), fullPage: true });
    },
  );
});
