import type { ColumnProfile } from '../decisions/profile.ts';

export interface Scaffold {
  /** Of the model. */
  name: string;
  /** Of the file, relative to where the definition will lie. */
  from: string;
  kind: 'csv' | 'parquet' | 'json';
  source: string;
  columns: readonly ColumnProfile[];
  target: ColumnProfile;
}

/** Above this a column of text is no set of categories, and one-hot would make a column of each. */
const MAX_ONE_HOT = 30;
/** The most that `frequency` keeps. */
const MAX_FREQUENCY = 1_000;
/** More distinct whole numbers than this are a quantity, not classes; as the definition's `task: 'auto'` has it. */
const MAX_CLASSES = 20;

/** A definition to begin with, as TypeScript: every column is in a feature, or in a comment that says why not. */
export function scaffoldDefinition(scaffold: Scaffold): string {
  const { name, from, kind, source, columns, target } = scaffold;
  const key = columns.find((column) => column !== target && isKey(column));
  const time = columns.find((column) => column !== target && column.type === 'timestamp');
  const { features, left, used } = encode(columns.filter((column) => column !== target && column !== key));
  const regression = target.type === 'number' && target.distinct > MAX_CLASSES;
  const learners = regression ? ['ridge', 'tree', 'forest'] : ['logistic', 'tree', 'forest'];
  const checks = [
    `rows({ min: ${Math.max(1, Math.floor(target.rows / 2))} })`,
    `missing({ max: ${allowance(columns.filter((column) => used.has(column)))} })`,
    ...(key ? [`unique(${quote(key.name)})`] : []),
  ];
  const text = [...features, ...checks].join(' ');
  const imports = [
    'defineLifecycle',
    kind,
    ...learners,
    ...(target.missing > 0 ? ['sql'] : []),
    ...CALLED.filter((f) => text.includes(`${f}(`)),
  ];
  return `import {\n${[...new Set(imports)]
    .sort()
    .map((each) => `  ${each},\n`)
    .join('')}} from 'perennial-ml';

/**
 * Predicts ${comment(target.name)} from ${comment(from)}. Written by \`perennial init\`; it is yours to change.
 * Take out of the features what is known only after the outcome: it would make the model look better than it is.
 */
export default defineLifecycle({
  name: ${quote(name)},
  sources: { ${source}: ${kind}(${quote(from)}) },
${target.missing > 0 ? `${onlyLabelled(source, target)}\n` : ''}  target: ${quote(target.name)},
${key ? `  key: ${quote(key.name)},\n` : '  // key: which thing a row is about; without one the split goes by the whole row.\n'}  checks: [
${checks.map((check) => `    ${check},\n`).join('')}  ],
${features.length > 0 ? `  features: [\n${features.map((feature) => `    ${feature},\n`).join('')}${left.map((line) => `    // ${line}\n`).join('')}  ],` : `  features: 'auto',${left.map((line) => `\n  // ${line}`).join('')}`}
  search: [
${(regression ? REGRESSION : CLASSIFICATION).map((entry) => `    ${entry},\n`).join('')}  ],
  select: { folds: 5 },
${time ? `  // Where the model is to answer for later rows, hold out the latest: a split by hash looks better than it will be.\n  // time: ${quote(time.name)}, split: { by: 'time', test: 0.2 },\n` : ''}  split: { by: 'hash', test: 0.2 },
});
`;
}

const CLASSIFICATION = [
  'logistic({ l2: [0.1, 1] })',
  'tree({ maxDepth: [4, 8] })',
  'forest({ trees: 100, maxDepth: [8, 16], minLeaf: [1, 5] })',
];
const REGRESSION = ['ridge({ l2: [0.1, 1] })', ...CLASSIFICATION.slice(1)];
const CALLED = ['rows', 'missing', 'unique', 'standardize', 'passthrough', 'oneHot', 'frequency', 'cyclic'];

function encode(columns: readonly ColumnProfile[]): {
  features: string[];
  left: string[];
  used: Set<ColumnProfile>;
} {
  const left: string[] = [];
  const used = new Set<ColumnProfile>();
  const by = {
    standardize: [] as string[],
    passthrough: [] as string[],
    oneHot: [] as string[],
    frequency: [] as string[],
    times: [] as string[],
  };
  for (const column of columns) {
    const { name, type, distinct } = column;
    const reason = whyNot(column);
    if (reason !== undefined) {
      left.push(`Left out: ${comment(name)}, ${reason}.`);
      continue;
    }
    used.add(column);
    const place =
      type === 'number'
        ? 'standardize'
        : type === 'boolean'
          ? 'passthrough'
          : type === 'timestamp'
            ? 'times'
            : distinct <= MAX_ONE_HOT
              ? 'oneHot'
              : 'frequency';
    by[place].push(quote(name));
  }
  const features = [
    ...spread('standardize', by.standardize),
    ...spread('passthrough', by.passthrough),
    ...listed('oneHot', by.oneHot),
    ...listed('frequency', by.frequency),
    ...['month', 'weekday'].flatMap((part) => listed('cyclic', by.times, quote(part))),
  ];
  return { features, left, used };
}

function whyNot({ type, distinct, rows, missing }: ColumnProfile): string | undefined {
  if (type === 'other') return 'whose type no encoder takes';
  if (distinct === 0) return 'which holds nothing';
  if (distinct === 1 && missing === 0) return 'which is the same in every row';
  if (type !== 'string') return undefined;
  if (distinct > MAX_FREQUENCY || distinct > Math.max(MAX_ONE_HOT, (rows - missing) / 2))
    return `whose ${distinct} different texts are hardly categories`;
  return undefined;
}

/** Different in every row, and of a type or a name that says so: a measurement may be different in every row too. */
function isKey({ name, type, distinct, rows, missing, sqlType }: ColumnProfile): boolean {
  if (missing > 0 || distinct !== rows || rows < 2) return false;
  return (
    type === 'string' ||
    (/INT/.test(sqlType) && /(^|[^a-z])(id|key|no|nr|number|code)$|(Id|ID|Key)$/.test(name))
  );
}

/** Twice what is missing now, in steps of 5 %. */
function allowance(columns: readonly ColumnProfile[]): number {
  const most = Math.max(0, ...columns.map(({ missing, rows }) => (rows === 0 ? 0 : missing / rows)));
  return Math.min(1, Math.max(0.05, Math.ceil(most * 40) / 20));
}

function onlyLabelled(source: string, target: ColumnProfile): string {
  const column = `"${target.name.replaceAll('"', '""')}"`
    .replaceAll('\\', '\\\\')
    .replaceAll('`', '\\`')
    .replaceAll('${', '\\${');
  return `  // ${target.missing} rows have no outcome yet and cannot be learned from.\n  dataset: sql\`SELECT * FROM "${source}" WHERE ${column} IS NOT NULL\`,`;
}

function spread(encoder: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${encoder}(${names.join(', ')})`];
}

function listed(encoder: string, names: readonly string[], ...rest: string[]): string[] {
  if (names.length === 0) return [];
  const first = names.length === 1 ? (names[0] ?? '') : `[${names.join(', ')}]`;
  return [`${encoder}(${[first, ...rest].join(', ')})`];
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A name of a column ends neither a comment nor its line. */
function comment(text: string): string {
  return text.replaceAll('*/', '* /').replace(/\s+/g, ' ');
}
