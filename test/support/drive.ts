/** Traffic for the orders service: one request of each kind. */
export async function drive(url: string): Promise<void> {
  await get(`${url}/`);
  await get(`${url}/orders/7`);
  await get(`${url}/orders/8?sig=secret`);
  await get(`${url}/orders/9`, { method: 'HEAD' });
  await get(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  await get(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'no json',
  });
  await get(`${url}/proxy/3`);
  await get(`${url}/private/cellar`);
  await get(`${url}/fail`);
  await get(`${url}/wp-admin.php`);
}

/** How many server calls `drive` makes: one of its requests makes another. */
export const DRIVEN = 11;

async function get(url: string, init?: RequestInit): Promise<void> {
  await (await fetch(url, init)).text();
}
