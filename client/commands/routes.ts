import { PerennialError } from '../../config/errors.ts';
import type { RouteHistoryRow, RouteRow } from '../../store/routeTypes.ts';
import { actorOf } from '../actor.ts';
import { parseModelName } from '../names.ts';
import { table } from '../terminal/table.ts';
import { openTerminal, type Colors } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

/** `npx perennial route show`: who serves now, or who served at a moment, and how it came to that. */
export async function show(
  name: string,
  options: { at?: string; limit: number; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    if (options.at !== undefined) {
      const state = await client.championAt(name, options.at);
      terminal.print(`${routeText(state, terminal.colors)}\n${historyText([state], terminal.colors)}`);
      terminal.object(state);
      return;
    }
    const [route, history] = await Promise.all([
      client.route(name),
      client.routeHistory(name, options.limit),
    ]);
    terminal.print(`${routeText(route, terminal.colors)}\n\n${historyText(history, terminal.colors)}`);
    terminal.object({ ...route, history });
  });
}

/** `npx perennial route set` */
export async function set(
  name: string,
  options: { champion: string; reason: string; as?: string; json?: boolean },
): Promise<void> {
  const terminal = openTerminal(options);
  const version = versionOf(options.champion, name);
  await withClient(async (client) => {
    const route = await client.setRoute(name, version, { actor: actorOf(options), reason: options.reason });
    terminal.print(routeText(route, terminal.colors));
    terminal.object(route);
  });
}

/** `3`, or `flights@3` */
function versionOf(text: string, name: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  const parsed = text.includes('@') ? parseModelName(text) : undefined;
  if (parsed?.version !== undefined && parsed.name === name) return parsed.version;
  throw new PerennialError('INVALID_INPUT', `"${text}" is no version of ${name}.`, {
    field: '--champion',
    value: text,
    expected: 'the number of a version, as `npx perennial models` lists them',
  });
}

function routeText(route: RouteRow, { bold, dim, yellow }: Colors): string {
  const { name, championVersion, challengerVersion, weight, rolloutId, standbyVersion, logInputs } = route;
  return table(
    [
      [dim('champion'), bold(`${name}@${championVersion}`)],
      ...(challengerVersion === undefined
        ? []
        : [[dim('challenger'), yellow(`${name}@${challengerVersion} for ${weight * 100} % of the keys`)]]),
      ...(rolloutId === undefined ? [] : [[dim('held by'), rolloutId]]),
      ...(standbyVersion === undefined ? [] : [[dim('standby'), `${name}@${standbyVersion}`]]),
      [dim('revision'), `${route.revision}${logInputs ? ', inputs are logged' : ''}`],
    ],
    { indent: '  ' },
  );
}

function historyText(history: readonly RouteHistoryRow[], { dim }: Colors): string {
  const head = ['revision', 'since (UTC)', 'champion', 'challenger', 'weight', 'by', 'why'].map((cell) =>
    dim(cell),
  );
  return table([
    head,
    ...history.map((row) => [
      String(row.revision),
      row.at.slice(0, 19).replace('T', ' '),
      `@${row.championVersion}`,
      row.challengerVersion === undefined ? '' : `@${row.challengerVersion}`,
      row.challengerVersion === undefined ? '' : `${row.weight * 100} %`,
      row.actor,
      row.reason.length > 70 ? `${row.reason.slice(0, 69)}…` : row.reason,
    ]),
  ]);
}
