import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

/** What a command keeps on disk for its own time does not outlive it. */

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const scratch = new URL('../../client/scratch.ts', import.meta.url).href;

/** Two folders, and what else the program does. */
async function holding(more: string) {
  const program = `
    const { makeScratch } = await import(${JSON.stringify(scratch)});
    const made = await Promise.all([makeScratch('test'), makeScratch('test')]);
    setInterval(() => undefined, 1000);
    ${more}
    console.log(JSON.stringify(made.map(({ path }) => path)));`;
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const paths = JSON.parse(line.toString()) as string[];
  expect(paths.map((path) => existsSync(path))).toEqual([true, true]);
  return { child, paths };
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the command, and takes its folders along',
  async (signal) => {
    const { child, paths } = await holding('');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  },
);

test('a program that listens itself ends in its own way', async () => {
  const { child, paths } = await holding(`
    process.once('SIGTERM', async () => {
      for (const one of made) await one.remove();
      process.exit(7);
    });`);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([7, null]);
  expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
});
