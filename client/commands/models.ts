import { relative } from 'node:path';
import { connect } from '../client.ts';
import { PerennialError } from '../../config/errors.ts';
import { requireTrained } from '../../store/trained.ts';
import type { ImportedFrom, TrainedVersionRow } from '../../store/types.ts';
import { actorOf } from '../actor.ts';
import { parseModelName } from '../names.ts';
import { explanationText } from '../terminal/explanationText.ts';
import { count, params, score, short } from '../terminal/format.ts';
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
      model.cv ? `${model.cv.metric} ${score(model.cv.mean)}` : '',
      model.cv ? score(model.metrics[model.cv.metric]) : '',
      model.imported ? model.imported.fileName : `${model.name}/${model.runNumber}`,
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
    const { signature, code, imported } = model;
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
        ...(imported
          ? importedLines(imported)
          : trainedLines(requireTrained(model, 'a training is shown'))
        ).map(([what, text]) => [dim(what), text]),
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

function trainedLines(model: TrainedVersionRow): [string, string][] {
  const { name, runNumber, datasetDigest, definitionHash, cv, metrics } = model;
  const scores = Object.entries(metrics).map(([metric, value]) => `${metric} ${score(value)}`);
  return [
    ['cv', `${cv.metric} ${score(cv.mean)} ± ${score(cv.std)}`],
    ['hold-out', scores.join('  ')],
    ['run', `${name}/${runNumber}`],
    ['dataset', datasetDigest],
    ['definition', definitionHash],
  ];
}

function importedLines({
  file,
  fileName,
  bytes,
  producer,
  opsets,
  compared,
  by,
}: ImportedFrom): [string, string][] {
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  return [
    ['file', `${fileName}, ${count(bytes)} bytes, ${file}`],
    ['written by', `${producer.name || 'unknown'} ${producer.version}`.trim()],
    ['operators', sets.join('  ')],
    [
      'compared',
      compared
        ? `${count(compared.rows)} rows of expected answers, largest difference ${compared.maxDifference}`
        : 'with nothing: no expected answers were given',
    ],
    ['imported by', by],
  ];
}

/** `npx perennial model import` */
export async function importModel(
  file: string,
  options: {
    name: string;
    signature: string;
    expect?: string;
    tolerance?: number;
    as?: string;
    json?: boolean;
  },
): Promise<void> {
  const { name, version } = parseModelName(options.name);
  if (version !== undefined)
    throw new PerennialError(
      'INVALID_INPUT',
      `--name is ${options.name}; the version is given by the registry.`,
      {
        field: '--name',
        value: options.name,
        expected: `a name without a version: ${name}`,
      },
    );
  const terminal = openTerminal(options);
  const client = await connect();
  try {
    const { signature, expect, tolerance } = options;
    const imported = await client.importModel(file, {
      name,
      signature,
      expect,
      tolerance,
      by: actorOf(options),
    });
    const { existing, champion, digest, compared } = imported;
    const { green } = terminal.colors;
    terminal.print(
      [
        `${green('✔')} ${name}@${imported.version} (${short(digest)})`,
        existing ? 'was imported before' : `imported from ${file}`,
        champion ? 'serves' : `does not serve yet: npx perennial rollout start ${name}@${imported.version}`,
      ].join(', '),
    );
    terminal.print(
      compared
        ? `  ${count(compared.rows)} rows answered as expected, largest difference ${compared.maxDifference}`
        : '  Not compared with the answers of its maker: --expect takes a file of them.',
    );
    terminal.object(imported);
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
