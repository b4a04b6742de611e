import type { RolloutRow } from '../../store/rolloutTypes.ts';
import type { PerennialClient } from '../client.ts';
import type { ReplayCounts } from '../replay.ts';
import { count, params, score } from './format.ts';
import { table } from './table.ts';
import type { Colors } from './terminal.ts';

/** What `npm start` came to, and where to look. */
export async function storySummary(
  client: PerennialClient,
  colors: Colors,
  story: {
    name: string;
    versions: number[];
    ended: readonly RolloutRow[];
    counts?: ReplayCounts;
    seasons: string;
  },
): Promise<string> {
  const { bold, dim, cyan, green, red, yellow } = colors;
  const { name, ended, counts } = story;
  const [route, models, url, curl] = await Promise.all([
    client.route(name),
    client.models(name),
    client.gatewayUrl(),
    client.curl(name),
  ]);
  const rows = story.versions.map((version) => {
    const model = models.find((each) => each.version === version);
    const rollout = ended.find((row) => row.challengerVersion === version);
    const paint = rollout?.status === 'promoted' ? green : rollout?.status === 'rolled-back' ? red : yellow;
    return [
      `${name}@${version}`,
      model ? `${model.learner} ${params(model.params, SHOWN)}` : '',
      model?.cv ? `${model.cv.metric} ${score(model.metrics[model.cv.metric])}` : '',
      rollout ? paint(rollout.status) : 'the first champion',
      route.championVersion === version ? green('champion') : '',
    ];
  });
  const asked = Object.entries(counts?.versions ?? {}).map(([version, n]) => `@${version} ${count(n)}`);
  return [
    `\n${bold('What happened')}`,
    table([['', '', 'hold-out', '', ''].map((cell) => dim(cell)), ...rows]),
    ...(counts
      ? [
          `\n  ${count(counts.answered)} flights were answered (${asked.join(', ')}), ${count(counts.failed)} failed.`,
        ]
      : []),
    `\n${bold('Where to look')}`,
    table([
      ...(url ? [[dim('try the model'), cyan(`${url}/docs`)]] : []),
      ...ended.flatMap((row) => {
        const ui = client.uiUrl(row.id);
        return [
          [
            dim(`why @${row.challengerVersion} was ${row.status}`),
            `npx perennial rollout explain ${row.name}/${row.number}`,
          ],
          ...(ui ? [['', cyan(ui)]] : []),
        ];
      }),
      [dim('what the watch saw'), `npx perennial watch show ${story.seasons}`],
      [dim('who served when'), `npx perennial route show ${name}`],
      ...(url ? [[dim('metrics'), cyan(`${url}/metrics`)]] : []),
    ]),
    dim(`  ${curl}`),
  ].join('\n');
}

const SHOWN = new Set(['trees', 'maxDepth', 'minLeaf', 'l2']);
