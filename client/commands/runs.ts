import { relative } from 'node:path';
import { connect } from '../client.ts';
import { parseRunName } from '../names.ts';
import { PerennialError } from '../../config/errors.ts';
import type { RunRow } from '../../store/types.ts';
import { count, duration, short } from '../terminal/format.ts';
import { summaryText } from '../terminal/summaryText.ts';
import { table } from '../terminal/table.ts';
import { openTerminal, type Colors } from '../terminal/terminal.ts';

/** `npx perennial runs` */
export async function runs(
  name: string | undefined,
  options: { limit: number; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const all = await client.runs(name, options.limit);
    terminal.print(
      all.length === 0
        ? 'No runs yet: `npx perennial train <definition>` makes one.'
        : runTable(all, terminal.colors),
    );
    terminal.object({ runs: all });
  } finally {
    await client.close();
  }
}

/** `npx perennial run show` */
export async function showRun(text: string, options: { json?: boolean }): Promise<void> {
  const { name, run } = parseRunName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const [summary, details] = await Promise.all([client.summary(name, run), client.run(name, run)]);
    const { green, yellow, red, dim } = terminal.colors;
    const mark = { pass: green('✔'), warn: yellow('!'), fail: red('✘') };
    terminal.print(summaryText(summary, terminal.colors, { leaderboardRows: Infinity, next: false }));
    if (details.checks.length > 0) {
      terminal.print(`\n  ${dim('checks')}`);
      terminal.print(
        table(details.checks.map(({ verdict, title, message }) => [mark[verdict], title, message])),
      );
      for (const { title, verdict, measurement } of details.checks) {
        if (verdict === 'pass' || measurement.examples.length === 0) continue;
        terminal.print(`\n  ${dim(`rows behind ${title}`)}`);
        terminal.print(exampleTable(measurement.examples));
      }
    }
    terminal.object({
      ...summary,
      checks: details.checks,
      candidates: details.candidates,
      audit: details.audit,
    });
  } finally {
    await client.close();
  }
}

/** `npx perennial run export` */
export async function exportRun(text: string, options: { out: string; json?: boolean }): Promise<void> {
  const { name, run } = parseRunName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const exported = await client.exportRun(name, run, { out: options.out });
    const { train, test, search } = exported.rows;
    const folder = relative(process.cwd(), exported.directory) || '.';
    terminal.print(
      `Wrote ${name}/${run} to ${folder}: ${count(train)} training rows, of which the search saw ${count(search)}, and ${count(test)} of the hold-out.`,
    );
    terminal.print(exported.files.map((file) => `  ${file}`).join('\n'));
    terminal.object(exported);
  } finally {
    await client.close();
  }
}

/** `npx perennial cancel` */
export async function cancel(text: string): Promise<void> {
  const { name, run } = parseRunName(text);
  const terminal = openTerminal();
  const client = await connect();
  try {
    const row = (await client.runs(name, 1_000)).find((candidate) => candidate.number === run);
    if (row && row.status !== 'running') {
      throw new PerennialError('INVALID_INPUT', `${name}/${run} has ended already (${row.status}).`, {
        field: 'run',
        value: row.status,
        expected: 'a run that is under way',
      });
    }
    await (await client.attach(name, run)).cancel();
    terminal.print(
      `Asked ${name}/${run} to end; \`npx perennial run show ${name}/${run}\` tells when it has.`,
    );
  } finally {
    await client.close();
  }
}

/** `npx perennial run parallelism` */
export async function parallelism(text: string, number: string): Promise<void> {
  const { name, run } = parseRunName(text);
  const terminal = openTerminal();
  const client = await connect();
  try {
    const now = await (await client.attach(name, run)).setParallelism(Number(number));
    terminal.print(`${name}/${run} trains up to ${now} candidates at the same time.`);
  } finally {
    await client.close();
  }
}

function runTable(all: readonly RunRow[], colors: Colors): string {
  const head = ['run', 'status', 'model', 'started (UTC)', 'took', ''].map((cell) => colors.dim(cell));
  return table([
    head,
    ...all.map((run) => [
      `${run.name}/${run.number}`,
      paint(run.status, colors),
      run.version === undefined ? '' : `${run.name}@${run.version} ${short(run.modelDigest ?? '')}`,
      run.startedAt.slice(0, 19).replace('T', ' '),
      run.endedAt ? duration(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : '',
      run.status === 'registered' ? '' : cut(run.reason ?? ''),
    ]),
  ]);
}

function paint(status: RunRow['status'], { green, yellow, red }: Colors): string {
  if (status === 'registered') return green(status);
  return status === 'running' || status === 'cancelled' ? yellow(status) : red(status);
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function exampleTable(examples: readonly Record<string, string>[]): string {
  const names = Object.keys(examples[0] ?? {});
  return table([names, ...examples.map((row) => names.map((name) => cut(row[name] ?? '')))], {
    indent: '    ',
  });
}
