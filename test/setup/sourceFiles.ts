import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** From the root, with forward slashes: `store/open.ts`. */
  path: string;
  /** Its first folder. */
  room: string;
  imports: Import[];
  tree: ts.SourceFile;
}

export interface Import {
  /** As written. */
  specifier: string;
  /** Path from the root where it is a file of ours. */
  file?: string;
  /** Name of the npm package, or `node:fs`, where it is not. */
  package?: string;
  /** True where nothing of it is left when the program runs. */
  typeOnly: boolean;
}

/** Every source file of the project, parsed by the TypeScript compiler. */
export function readSources(): SourceFile[] {
  return listSources().map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, room: path.split('/')[0], imports: importsOf(path, tree), tree };
}

/** All nodes of a file, parents before their children. */
export function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  // forEachChild leaves out tokens and documentation, which hold no code.
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* walk(child);
}

const ROOMS = [
  ...['activities', 'bench', 'client', 'compute', 'config', 'decisions', 'embedded', 'examples', 'learning'],
  ...['serving', 'sources', 'store', 'test', 'workers', 'workflows'],
];

function listSources(): string[] {
  return ROOMS.filter((room) => existsSync(join(root, room))).flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?[jt]s$/.test(name))
      .map((name) => `${room}/${name.replaceAll('\\', '/')}`),
  );
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteralLike(specifier))
      found.push({ ...resolve(path, specifier.text), typeOnly });
  };
  for (const node of walk(tree)) {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
  }
  return found;
}

function resolve(path: string, specifier: string): Omit<Import, 'typeOnly'> {
  if (specifier.startsWith('.')) return { specifier, file: posix.join(posix.dirname(path), specifier) };
  const parts = specifier.split('/');
  return {
    specifier,
    package: specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0],
  };
}
