import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive, processId } from '../src/process-id.js';

test('a process is known by its id and its start, and not after its end', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const id = processId(child.pid ?? 0) ?? '';

  expect(id).toMatch(/^\d+\.\d+$/);
  expect(isAlive(id)).toBe(true);
  expect(isAlive(`${child.pid}.1`)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(id)).toBe(false);
});

test('a zombie has ended', async () => {
  // sleep does not wait for the child that it has from the shell.
  const shell = spawn('sh', ['-c', 'sh -c "sleep 0.1" & echo $!; exec sleep 20']);
  const pid = Number(String((await once(shell.stdout, 'data'))[0]));
  await expect.poll(() => stateOf(pid), { timeout: 10_000 }).toBe('Z');

  expect(processId(pid)).toBeUndefined();
  shell.kill('SIGKILL');
  await once(shell, 'exit');
});

function stateOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
}
