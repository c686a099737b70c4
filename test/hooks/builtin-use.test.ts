import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { NODES } from '../support/app.js';

const [hook] = buildSync({
  entryPoints: [resolve(import.meta.dirname, '../../src/hooks/builtin-use.ts')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  write: false,
}).outputFiles;

/** Runs a script in a new Node process, where HTTP/2 is not loaded yet. Returns the lines that it prints. */
function run(source: string): string[] {
  const script = `${hook?.text}
    import { once } from 'node:events';
    import net from 'node:net';
    const { connect } = net.Socket.prototype;
    ${source}`;
  return execFileSync(NODES['24'], ['--input-type=module', '-e', script], { encoding: 'utf8' })
    .trim()
    .split('\n');
}

test('attaching waits for the module and then for a socket, and leaves no patch behind', () => {
  const lines = run(`
    whenBuiltinIsUsed('node:http2', () => console.log('first'));
    whenBuiltinIsUsed('node:http2', () => console.log('second'));
    const server = net.createServer((socket) => socket.destroy()).listen(0);
    await once(server, 'listening');
    await once(net.connect(server.address().port), 'close');
    console.log('used sockets');
    await import('node:http2');
    console.log('loaded');
    await once(net.connect(server.address().port), 'close');
    console.log(net.Socket.prototype.connect === connect);
    server.close();`);
  expect(lines).toEqual(['used sockets', 'loaded', 'first', 'second', 'true']);
});

test('creating a server is enough, because another process may accept its sockets', () => {
  const lines = run(`
    whenBuiltinIsUsed('node:http2', () => console.log('attached'));
    const { createServer } = await import('node:http2');
    createServer();
    console.log(Object.hasOwn(net.Server.prototype, 'on'));`);
  expect(lines).toEqual(['attached', 'false']);
});

test('a module that is already loaded is attached at once', () => {
  const lines = run(`
    await import('node:http2');
    whenBuiltinIsUsed('node:http2', () => console.log('at once'));
    console.log(net.Socket.prototype.connect === connect);`);
  expect(lines).toEqual(['at once', 'true']);
});

test('each target waits for its own module', () => {
  const lines = run(`
    whenBuiltinIsUsed('node:http2', () => console.log('http2'));
    whenBuiltinIsUsed('node:https', () => console.log('https'));
    const { createServer } = await import('node:https');
    createServer();
    console.log(Object.hasOwn(net.Server.prototype, 'on'));
    const http2 = await import('node:http2');
    http2.createServer();
    console.log(Object.hasOwn(net.Server.prototype, 'on'));`);
  expect(lines).toEqual(['https', 'true', 'http2', 'false']);
});
