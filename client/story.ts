import { fileURLToPath } from 'node:url';
import { definitionHash } from '../config/definition.ts';
import type { RolloutRow } from '../store/rolloutTypes.ts';
import type { RunRow } from '../store/types.ts';
import type { PerennialClient } from './client.ts';
import { fromFailure } from './failure.ts';
import { loadDefinition, type LoadedDefinition } from './loadDefinition.ts';
import type { RolloutHandle } from './rolloutHandle.ts';
import { verdictTable } from './terminal/explainText.ts';
import { storySummary } from './terminal/storyText.ts';
import { rowVerdictText, verdictText } from './terminal/rolloutText.ts';
import type { Terminal } from './terminal/terminal.ts';
import { weekText } from './terminal/weekText.ts';
import { openTraffic, type Traffic } from './traffic.ts';
import { watchRollout } from './watchRollout.ts';
import { showRun, watchRun } from './watchRun.ts';

/** The flights: a champion that serves, a better version that replaces it, and a spoiled one that is rolled back. */
const FILES = {
  champion: 'examples/flights/lifecycle.ts',
  challenger: 'examples/flights/challenger.ts',
  spoiled: 'examples/flights/spoiled.ts',
};

export interface StoryOptions {
  /** Where the traffic's place is kept. */
  home: string;
  terminal: Terminal;
  /** Ctrl-C: what is under way is left to the workers. */
  signal: AbortSignal;
}

/**
 * `npm start` from a definition to a rollback. What an earlier start has done is told and not done again; what it had
 * begun goes on.
 *
 * @returns the exit code: 0 where it came out as announced, 3 where a verdict was another one
 */
export async function tellStory(client: PerennialClient, options: StoryOptions): Promise<number> {
  const { terminal, signal } = options;
  const story = new Story(client, options);
  try {
    const code = await story.tell();
    return signal.aborted ? 1 : code;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    terminal.note('What is not done yet goes on with the next `npm start`.');
    return 1;
  } finally {
    await story.traffic?.close();
  }
}

/** Ctrl-C in the middle of a chapter. */
class Interrupted extends Error {}

/** A chapter that ended otherwise than it had to for the story to go on. */
interface Stop {
  code: number;
}

class Story {
  traffic: Traffic | undefined;

  constructor(
    private readonly client: PerennialClient,
    private readonly options: StoryOptions,
  ) {}

  async tell(): Promise<number> {
    const { client, options } = this;
    const champion = await this.#train('champion', 'A champion');
    if ('code' in champion) return champion.code;
    const { name } = champion;
    const versions: number[] = [champion.version ?? 1];
    const ended: RolloutRow[] = [];
    for (const [file, title] of [
      ['challenger', 'A better challenger'],
      ['spoiled', 'A spoiled challenger: its look-back windows see the day itself'],
    ] as const) {
      if (!(await this.#isDecided(file))) await this.#serve(name, versions[0] ?? 1);
      const run = await this.#train(file, title);
      if ('code' in run) return run.code;
      const version = run.version ?? 0;
      versions.push(version);
      ended.push(await this.#rollOut(name, version));
    }
    await this.traffic?.close();
    const seasons = await this.#seasons();
    options.terminal.print(
      await storySummary(client, options.terminal.colors, {
        name,
        versions,
        ended,
        counts: this.traffic?.counts(),
        seasons,
      }),
    );
    return ended[0]?.status === 'promoted' && ended[1]?.status === 'rolled-back' ? 0 : 3;
  }

  /** A model of January lives through the months after it, in two minutes. */
  async #seasons(): Promise<string> {
    const { client, options } = this;
    const { terminal, signal } = options;
    this.#heading(`The seasons: ${SEASONS}`);
    const { definition } = await load(SEASONS);
    const { name } = definition;
    terminal.note(
      `${name}, a model of January, is deployed as of the first of February. Its weeks pass in seconds: flights are asked, labels come a day later, the watch looks.\n`,
    );
    const chunks = await client.lifecycles.livePast(pathOf(SEASONS), {
      from: '2001-02-01T00:00:00.000Z',
      chunkMs: 7 * DAY_MS,
      labelDelayMs: DAY_MS,
      signal,
      onChunk: (chunk) => terminal.note(weekText(chunk, terminal.noteColors)),
    });
    if (chunks.length === 0) terminal.note(`The past of ${name} is over already; it is kept.`);
    if (signal.aborted) throw new Interrupted();
    return name;
  }

  /** From a definition to a registered version, or how else it ended. */
  async #train(file: keyof typeof FILES, title: string): Promise<RunRow | Stop> {
    const { client, options } = this;
    const { terminal, signal } = options;
    const path = FILES[file];
    const loaded = await load(path);
    this.#heading(`${title}: ${path}`);
    const { kept, open } = await this.#earlier(loaded);
    if (kept && !open) {
      if (file === 'champion') await showRun(client, kept.name, kept.number, terminal);
      terminal.note(
        `Run ${kept.name}/${kept.number} registered ${kept.name}@${kept.version} before; it is kept. To train it again: npx perennial train ${path}`,
      );
      return kept;
    }
    const { definition, baseDirectory } = loaded;
    const handle =
      (open && (await orGone(() => client.attach(open.name, open.number)))) ??
      (await client.train(definition, { baseDirectory }));
    terminal.note(`${open ? 'Going on with run' : 'Run'} ${handle.name}/${handle.run}\n`);
    const code = await watchRun(client, handle, this.#terminal(), signal);
    if (code === undefined) throw new Interrupted();
    return code === 0 ? (await client.run(handle.name, handle.run)).run : { code };
  }

  /** Through its verdict and its probation. */
  async #rollOut(name: string, version: number): Promise<RolloutRow> {
    const { client, options } = this;
    const { terminal, signal } = options;
    const decided = await this.#decided(name, version);
    if (decided) {
      terminal.print(rowVerdictText(decided, terminal.colors));
      return decided;
    }
    const handle = await this.#attachRollout(name, version);
    this.#heading(`Rollout ${name}/${handle.number}: ${name}@${version} beside the champion`);
    const last = await watchRollout(client, handle, this.#terminal(), { signal, toEnd: true });
    if (!last) throw new Interrupted();
    const explanation = await client.rollouts.explain(name, handle.number);
    terminal.print(
      `\n${verdictText(last, terminal.colors)}\n\n${verdictTable(explanation, terminal.colors)}`,
    );
    if (!terminal.live && this.traffic) terminal.note(this.traffic.line());
    return client.rollouts.get(name, handle.number);
  }

  /** The registration starts it by itself; where that could not be, or Temporal has lost it, it is started here. */
  async #attachRollout(name: string, version: number): Promise<RolloutHandle> {
    const { client, options } = this;
    for (let tries = 0; ; tries++) {
      const rows = await client.rollouts.list(name);
      const open = rows.find((row) => row.status === 'running');
      const handle = open && (await orGone(() => client.rollouts.attach(name, open.number)));
      if (handle && open.challengerVersion === version) return handle;
      // Another one is under way: it ends by itself.
      if (!handle && tries >= STARTS_BY_ITSELF_TRIES)
        return client.rollouts.start(name, version, {
          startedBy: 'npm start',
          reason: 'the story of the flights',
        });
      if (options.signal.aborted) throw new Interrupted();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #isDecided(file: keyof typeof FILES): Promise<boolean> {
    const { kept } = await this.#earlier(await load(FILES[file]));
    return kept?.version !== undefined && (await this.#decided(kept.name, kept.version)) !== undefined;
  }

  async #decided(name: string, version: number): Promise<RolloutRow | undefined> {
    const rows = await this.client.rollouts.list(name);
    return rows.find(
      ({ challengerVersion, status }) =>
        challengerVersion === version && (status === 'promoted' || status === 'rolled-back'),
    );
  }

  async #earlier({ definition }: LoadedDefinition): Promise<{ kept?: RunRow; open?: RunRow }> {
    const hash = definitionHash(definition);
    const same = (await this.client.runs(definition.name, 100)).filter((row) => row.definitionHash === hash);
    return {
      kept: same.find((row) => row.status === 'registered'),
      open: same.find((row) => row.status === 'running'),
    };
  }

  /** Real flights of June and July ask the gateway from here on. */
  async #serve(name: string, version: number): Promise<void> {
    if (this.traffic) return;
    const { client, options } = this;
    this.traffic = await openTraffic(client, { name, version, home: options.home });
    options.terminal.note(
      `\nFlights of June and July, which no training has seen, now ask the gateway, ${this.traffic.rate} a second; whether each was on time is told ${this.traffic.labelDelayMs / 1_000} s later.`,
    );
  }

  #terminal(): Terminal {
    const { traffic, options } = this;
    return traffic ? { ...options.terminal, footer: () => traffic.line() } : options.terminal;
  }

  #heading(text: string): void {
    const { terminal } = this.options;
    terminal.note(`\n${terminal.noteColors.bold(text)}`);
  }
}

/** The row of a rollout is written by its first activity: 10 s are ample. */
const STARTS_BY_ITSELF_TRIES = 20;

const SEASONS = 'examples/flights/seasons.ts';
const DAY_MS = 86_400_000;

function load(path: string): Promise<LoadedDefinition> {
  return loadDefinition(pathOf(path));
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** Undefined for what Temporal no longer knows: its state has been removed since. */
async function orGone<Handle>(attach: () => Promise<Handle>): Promise<Handle | undefined> {
  try {
    return await attach();
  } catch (error) {
    if (fromFailure(error).code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
