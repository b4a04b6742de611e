import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What of the code decides a model's bytes: package and lock file, Node, CPU architecture. */
export async function codeLineage(): Promise<Record<string, string>> {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    package: manifest.version,
    // Installed from the registry there is no lock file of ours: the version stands for it.
    lockFile: await digestOf(new URL('../package-lock.json', import.meta.url)),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

async function digestOf(file: URL): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return 'none';
  }
}
