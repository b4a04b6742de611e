import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { parseSource, readSources, walk, type Import, type SourceFile } from './setup/sourceFiles.ts';

/** Who may import whom. A pattern is a room, or one file of a room; `types:` allows `import type` alone. */
const MAY_IMPORT: Record<string, string[]> = {
  learning: ['types:decisions'],
  decisions: ['types:learning'],
  config: ['learning', 'decisions'],
  sources: ['config', 'decisions'],
  store: ['config', 'decisions'],
  compute: ['learning', 'config'],
  activities: [
    'sources',
    'store',
    'learning',
    'decisions',
    'compute',
    'config',
    'types:workflows/messages.ts',
    'types:workflows/lifecycleMessages.ts',
    'types:workflows/orderMessages.ts',
    'types:workflows/rolloutMessages.ts',
    'types:workflows/trainerMessages.ts',
  ],
  // What a trainer of one's own answers is no larger than any other payload. A time in an order is what it is elsewhere.
  workflows: [
    'decisions',
    'config/searchAttributes.ts',
    'config/time.ts',
    'config/units.ts',
    'types:config/definition.ts',
    'types:activities',
  ],
  embedded: ['config', 'store'],
  serving: ['store', 'compute', 'learning', 'decisions', 'config'],
  // It predicts locally and reads a file's columns for `init`; the table of metrics says which way is better.
  // A rollout's policy is checked before it starts, and its verdicts are recomputed where a person asks why.
  // The error beside a score is the one that `select.rule` judges by.
  // An exported run has the folds that its candidates had.
  // A restored installation's rollouts are ended as the next rollout would end them.
  client: [
    'config',
    'workflows/messages.ts',
    'workflows/lifecycleMessages.ts',
    'workflows/orderMessages.ts',
    'workflows/rolloutMessages.ts',
    'learning/metrics/names.ts',
    'decisions/canary',
    'decisions/simplest.ts',
    'store',
    'embedded',
    'sources',
    'compute',
    'activities/abandoned.ts',
    'activities/features.ts',
    'activities/folds.ts',
    'types:learning',
    'types:decisions',
  ],
  examples: ['config/define.ts'],
  workers: ['*'],
  bench: ['*'],
  test: ['*'],
};

/** Packages that stand in a few rooms alone; tests and measurements may use them to look from outside. */
const ROOMS_OF_PACKAGE: Record<string, string[]> = {
  pg: ['store', 'sources'],
  'pg-cursor': ['store', 'sources'],
  'pg-copy-streams': ['store'],
  '@duckdb/node-api': ['sources'],
  'onnxruntime-node': ['compute'],
};

/** Rooms without clock, randomness, environment or input and output, and the pure packages that they may use. */
const PURE: Record<string, string[]> = {
  learning: ['zod', 'protobufjs', 'ml-random-forest', '@noble/hashes'],
  decisions: ['zod', '@noble/hashes'],
  workflows: ['@temporalio/workflow', '@temporalio/common'],
};

const IMPURE_GLOBALS = new Set([
  ...['process', 'performance', 'crypto', 'fetch', 'require', 'console', 'Buffer', '__dirname', '__filename'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'Worker', 'WebSocket', 'XMLHttpRequest', 'globalThis'],
]);

const files = readSources();
const isTool = ({ room }: SourceFile) => room === 'test' || room === 'bench';

test('every room imports only the rooms that it may', () => {
  expect(
    files.flatMap((file) => file.imports.filter((found) => !mayImport(file, found)).map(breach(file))),
  ).toEqual([]);
});

test('pg, DuckDB and ONNX Runtime are imported in their own rooms only', () => {
  const wrong = ({ room }: SourceFile, found: Import) =>
    !(ROOMS_OF_PACKAGE[found.package ?? ''] ?? [room]).includes(room);
  const breaches = files
    .filter((file) => !isTool(file))
    .flatMap((file) => file.imports.filter((f) => wrong(file, f)).map(breach(file)));
  expect(breaches).toEqual([]);
});

test.each([
  ['orchestrator', ['@duckdb/node-api', 'onnxruntime-node', 'piscina']],
  ['gateway', ['@duckdb/node-api', 'piscina', '@temporalio/worker']],
])('the process of the %s loads none of %j, which would only hold memory there', (role, heavy) => {
  expect(packagesOf(`workers/${role}.ts`).filter((name) => heavy.includes(name))).toEqual([]);
});

test('learning, decisions and workflows import pure packages only', () => {
  const wrong = ({ room }: SourceFile, found: Import) =>
    found.package !== undefined && !PURE[room]?.includes(found.package);
  const breaches = files
    .filter(({ room }) => room in PURE)
    .flatMap((file) => file.imports.filter((f) => wrong(file, f)).map(breach(file)));
  expect(breaches).toEqual([]);
});

test('learning, decisions and workflows read no clock, randomness, environment or other outside', () => {
  expect(files.filter(({ room }) => room in PURE).flatMap(impurities)).toEqual([]);
});

test('process.env is read in config/environment.ts only', () => {
  const breaches = files
    // The bootstrap runs before there are packages, and so before config/environment.ts can be read.
    .filter(
      (file) => !isTool(file) && !['config/environment.ts', 'embedded/bootstrap.mjs'].includes(file.path),
    )
    .flatMap(environmentReads);
  expect(breaches).toEqual([]);
});

test('no import that a running program follows leads back to where it started', () => {
  expect(findCycles(files)).toEqual([]);
});

describe('the rules catch what they are for', () => {
  const imports = (path: string, text: string) => parseSource(path, text);

  test('a value import where a type is allowed', () => {
    const file = imports(
      'workflows/a.ts',
      "import { x } from '../activities/x.ts'; import type { y } from '../activities/x.ts';",
    );
    expect(file.imports.map((found) => mayImport(file, found))).toEqual([false, true]);
  });

  test('a dynamic import, a re-export and an inline type', () => {
    const file = imports(
      'store/a.ts',
      "await import('../client/a.ts'); export * from '../client/b.ts'; type T = import('../client/c.ts').T;",
    );
    expect(file.imports.map((found) => mayImport(file, found))).toEqual([false, false, false]);
  });

  test('a file of a room of which another file is allowed', () => {
    const file = imports(
      'client/a.ts',
      "import '../workflows/training.ts'; import '../workflows/messages.ts';",
    );
    expect(file.imports.map((found) => mayImport(file, found))).toEqual([false, true]);
  });

  test.each([
    'Math.random()',
    'Date.now()',
    'new Date()',
    'Date()',
    'performance.now()',
    'globalThis.process',
    'setTimeout(f)',
    'const { random } = Math',
    'const now = Date.now',
  ])('%s in a pure room', (code) => {
    expect(impurities(imports('learning/a.ts', code))).toHaveLength(1);
  });

  test('a pure use of the same names passes', () => {
    const code =
      'new Date(0); Math.max(1, 2); Date.UTC(2001); row.process; const t = { performance: 1 }; interface A { fetch(): void }';
    expect(impurities(imports('learning/a.ts', code))).toEqual([]);
  });

  test.each([
    'process.env.HOME',
    "process['env']",
    'const { env } = process',
    "import { env } from 'node:process'",
  ])('%s', (code) => {
    expect(environmentReads(imports('store/a.ts', code))).toHaveLength(1);
  });

  test('a cycle of three files', () => {
    const cycle = [
      imports('store/a.ts', "import './b.ts'"),
      imports('store/b.ts', "import './c.ts'"),
      imports('store/c.ts', "import './a.ts'"),
      imports('store/d.ts', "import './a.ts'; import type { E } from './e.ts'"),
      imports('store/e.ts', "import './d.ts'"),
    ];
    expect(findCycles(cycle)).toEqual(['store/a.ts -> store/b.ts -> store/c.ts -> store/a.ts']);
  });
});

function mayImport(file: SourceFile, found: Import): boolean {
  const target = found.file;
  if (target === undefined || target.split('/')[0] === file.room) return true;
  // package.json and the like, beside the rooms.
  if (!target.includes('/')) return true;
  return (MAY_IMPORT[file.room] ?? []).some((rule) => {
    const [, types, pattern] = /^(types:)?(.*)$/.exec(rule) as unknown as [
      string,
      string | undefined,
      string,
    ];
    return (
      (!types || found.typeOnly) &&
      (pattern === '*' || target === pattern || target.startsWith(`${pattern}/`))
    );
  });
}

function impurities({ path, tree }: SourceFile): string[] {
  return [...walk(tree)].filter(isImpure).map((node) => `${path}: ${node.getText(tree)}`);
}

function isImpure(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return isNamed(node.expression, 'Date') && !node.arguments?.length;
  if (ts.isCallExpression(node)) return isNamed(node.expression, 'Date');
  if (ts.isPropertyAccessExpression(node)) {
    return (
      (isNamed(node.expression, 'Date') && node.name.text === 'now') ||
      (isNamed(node.expression, 'Math') && node.name.text === 'random')
    );
  }
  if (destructures(node, 'Math', 'random') || destructures(node, 'Date', 'now')) return true;
  return ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isReference(node);
}

/** Whether the name stands for a variable, rather than for a property or a declaration of its own. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !(
    ts.isTypeElement(parent) ||
    ts.isClassElement(parent) ||
    ts.isBindingElement(parent) ||
    ts.isParameter(parent) ||
    ts.isTypeNode(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isQualifiedName(parent)
  );
}

function environmentReads({ path, tree, imports }: SourceFile): string[] {
  const reads = [...walk(tree)].filter((node) => {
    if (ts.isPropertyAccessExpression(node))
      return isNamed(node.expression, 'process') && node.name.text === 'env';
    if (ts.isElementAccessExpression(node)) return isNamed(node.expression, 'process');
    return destructures(node, 'process', 'env');
  });
  const imported = imports.filter(
    (found) => found.specifier === 'node:process' || found.specifier === 'process',
  );
  return [
    ...reads.map((node) => `${path}: ${node.getText(tree)}`),
    ...imported.map(({ specifier }) => `${path}: ${specifier}`),
  ];
}

/** `const { property } = object`, under whatever name. */
function destructures(node: ts.Node, object: string, property: string): boolean {
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name) || !node.initializer)
    return false;
  return (
    isNamed(node.initializer, object) &&
    node.name.elements.some((element) => isNamed(element.propertyName ?? element.name, property))
  );
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** Each cycle once, from the file at which a depth-first walk met it. */
function findCycles(sources: SourceFile[]): string[] {
  const edges = new Map(
    sources.map((file) => [
      file.path,
      file.imports.flatMap((found) => (found.typeOnly ? [] : (found.file ?? []))),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '));
    else if (!done.has(path)) {
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

function breach({ path }: SourceFile): (found: Import) => string {
  return ({ specifier, typeOnly }) => `${path} imports ${typeOnly ? 'type ' : ''}${specifier}`;
}

/** The packages that a file loads when it is loaded itself, through whatever it imports. */
function packagesOf(entry: string): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set([entry]);
  const packages = new Set<string>();
  for (const path of seen) {
    for (const found of byPath.get(path)?.imports ?? []) {
      if (found.typeOnly) continue;
      if (found.file !== undefined) seen.add(found.file);
      if (found.package !== undefined) packages.add(found.package);
    }
  }
  return [...packages];
}
