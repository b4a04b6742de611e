import { writeFile } from 'node:fs/promises';
import { PerennialError } from '../../config/errors.ts';
import type { WatchFailures } from '../../workflows/lifecycleMessages.ts';
import type { WatchHandle } from '../client.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { failuresText, windowTable, windowText } from '../terminal/windowText.ts';
import { withClient } from './session.ts';

/** `npx perennial watch show`: the newest windows, or one of them in full. */
export async function show(
  name: string,
  options: { window?: number; limit: number; picture?: string; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const watch = client.lifecycles.watch(name);
    if (options.window === undefined && options.picture === undefined) {
      const windows = await watch.windows(options.limit);
      const failures = await failuresOf(watch);
      terminal.print(
        windows.length === 0
          ? `Nothing of ${name} has been looked at yet: \`npx perennial watch now ${name}\` looks.`
          : windowTable(windows, terminal.colors),
      );
      if (failures) terminal.print(`\n${failuresText(failures, terminal.colors)}`);
      terminal.object({ windows, ...(failures && { failures }) });
      return;
    }
    const window = await watch.window(options.window ?? (await newest(watch)));
    terminal.print(windowText(window, terminal.colors));
    if (options.picture !== undefined) {
      await writePicture(options.picture, await watch.picture(window.number));
      terminal.print(`\nWrote ${options.picture}.`);
    }
    terminal.object(window);
  });
}

/** `npx perennial watch now`; exit code 1 where the window could not be looked at. */
export async function now(name: string, options: { to?: string; json?: boolean }): Promise<number> {
  const terminal = openTerminal(options);
  return withClient(async (client) => {
    const watch = client.lifecycles.watch(name);
    const watched = await watch.now({ to: options.to });
    const failures = await failuresOf(watch);
    if (!watched) {
      const failed = failures?.window ?? 'its definition has no `watch` any more';
      terminal.print(`The window could not be looked at: ${failed}`);
      terminal.object({ watched: null, failed, ...(failures && { failures }) });
      return 1;
    }
    terminal.print(windowText(await watch.window(watched.window), terminal.colors));
    if (failures) terminal.print(`\n${failuresText(failures, terminal.colors)}`);
    terminal.object({ ...watched, ...(failures && { failures }) });
    return 0;
  });
}

/** Nothing where nothing watches, or no worker answers for it: windows stand in the database. */
async function failuresOf(watch: WatchHandle): Promise<WatchFailures | undefined> {
  try {
    return (await watch.progress()).failures;
  } catch (error) {
    if (error instanceof PerennialError) return undefined;
    throw error;
  }
}

async function newest(watch: WatchHandle): Promise<number> {
  const [last] = await watch.windows(1);
  if (last) return last.number;
  throw new PerennialError('NOT_FOUND', `Nothing of ${watch.name} has been looked at yet.`, {
    field: 'window',
    value: watch.name,
    expected: `a window; \`npx perennial watch now ${watch.name}\` looks at one`,
  });
}

async function writePicture(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(file, bytes).catch((cause: unknown) => {
    throw new PerennialError('INVALID_INPUT', `${file} cannot be written.`, {
      field: '--picture',
      value: file,
      expected: 'a file in a folder that is there',
      cause,
    });
  });
}
