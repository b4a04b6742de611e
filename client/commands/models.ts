import { relative } from 'node:path';
import { connect } from '../client.ts';
import { parseModelName } from '../names.ts';
import { explanationText } from '../terminal/explanationText.ts';
import { params, score, short } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';

/** `npx perennial models` */
export async function models(name: string | undefined, options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const all = await client.models(name);
    const { dim, green } = terminal.colors;
    const head = ['model', 'digest', 'algorithm', 'cv', 'hold-out', 'run', 'registered (UTC)', ''].map(
      (cell) => dim(cell),
    );
    const rows = all.map((model) => [
      `${model.name}@${model.version}`,
      short(model.digest),
      model.learner,
      `${model.cv.metric} ${score(model.cv.mean)}`,
      score(model.metrics[model.cv.metric]),
      `${model.name}/${model.runNumber}`,
      model.createdAt.slice(0, 19).replace('T', ' '),
      model.champion ? green('champion') : '',
    ]);
    terminal.print(
      all.length === 0
        ? 'No models yet: `npx perennial train <definition>` registers one.'
        : table([head, ...rows]),
    );
    terminal.object({ models: all });
  } finally {
    await client.close();
  }
}

/** `npx perennial model show` */
export async function showModel(text: string, options: { json?: boolean }): Promise<void> {
  const { name, version } = parseModelName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const model = await client.model(name, version);
    const { bold, dim, green } = terminal.colors;
    const { signature, metrics, cv, code } = model;
    terminal.print(
      `${bold(`${model.name}@${model.version}`)}${model.champion ? ` ${green('champion')}` : ''}\n`,
    );
    terminal.print(
      table([
        [dim('digest'), model.digest],
        [
          dim('task'),
          `${signature.task}, predicts ${signature.target}${signature.classes ? ` (${signature.classes.join(', ')})` : ''}`,
        ],
        [dim('algorithm'), `${model.learner} ${params(model.params)}`],
        [dim('cv'), `${cv.metric} ${score(cv.mean)} ± ${score(cv.std)}`],
        [
          dim('hold-out'),
          Object.entries(metrics)
            .map(([metric, value]) => `${metric} ${score(value)}`)
            .join('  '),
        ],
        [dim('run'), `${model.name}/${model.runNumber}`],
        [dim('dataset'), model.datasetDigest],
        [dim('definition'), model.definitionHash],
        [
          dim('code'),
          Object.entries(code)
            .map(([part, value]) => `${part} ${value.length === 64 ? short(value) : value}`)
            .join('  '),
        ],
        [dim('registered'), model.createdAt],
      ]),
    );
    terminal.print(`\n  ${dim('inputs')}`);
    terminal.print(table(signature.inputs.map((input) => [input.name, dim(input.columnType)])));
    terminal.object(model);
  } finally {
    await client.close();
  }
}

/** `npx perennial model explain` */
export async function explainModel(text: string, options: { json?: boolean }): Promise<void> {
  const { name, version } = parseModelName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const explanation = await client.explainModel(name, version);
    const { bold, dim } = terminal.colors;
    terminal.print(`${bold(`${explanation.name}@${explanation.version}`)}\n`);
    terminal.print(explanationText(explanation, dim));
    terminal.object(explanation);
  } finally {
    await client.close();
  }
}

/** `npx perennial model export` */
export async function exportModel(text: string, options: { out: string; json?: boolean }): Promise<void> {
  const { name, version } = parseModelName(text);
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const exported = await client.exportModel(name, { version, out: options.out });
    const folder = relative(process.cwd(), exported.directory) || '.';
    terminal.print(`Wrote ${exported.name}@${exported.version} (${short(exported.digest)}) to ${folder}:`);
    terminal.print(exported.files.map((file) => `  ${file}`).join('\n'));
    terminal.object(exported);
  } finally {
    await client.close();
  }
}
