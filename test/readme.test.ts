import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as define from '../config/define.ts';
import { definitionHash, type Definition } from '../config/definition.ts';

/** What the documents show is true: snippets run, links lead somewhere, commands exist. */

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((f) => f.endsWith('.md'))
    .map((f) => `docs/${f}`),
];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the lifecycle of the README is a definition', () => {
  const [, snippet] = /```ts\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  const { outputText } = ts.transpileModule(snippet ?? '', {
    compilerOptions: { module: ts.ModuleKind.CommonJS },
  });
  const module: { exports: { default?: Definition } } = { exports: {} };
  const require = (name: string): unknown => {
    expect(name).toBe('perennial-ml');
    return define;
  };
  const run = compileFunction(outputText, ['module', 'exports', 'require']) as (...args: unknown[]) => void;
  run(module, module.exports, require);
  expect(module.exports.default).toMatchObject({
    apiVersion: 1,
    name: 'customers',
    target: 'left',
    key: ['customer_id'],
  });
  expect(definitionHash(module.exports.default as Definition)).toMatch(/^[0-9a-f]{64}$/);
});

describe.each(documents)('%s', (path) => {
  test('links to files that are there', () => {
    const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g)].map(([, to]) => to);
    expect(links.filter((to) => !existsSync(resolve(root, dirname(path), to)))).toEqual([]);
  });

  test('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(path).matchAll(/npm run ([a-z-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
