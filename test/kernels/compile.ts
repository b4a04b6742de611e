import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { root } from '../setup/sourceFiles.ts';

/** The compiled kernels that are committed: source, module, and the name that the module exports. */
export const KERNELS = [
  {
    source: 'learning/kernels/boosting.as.ts',
    module: 'learning/kernels/boostingWasm.ts',
    name: 'BOOSTING_WASM',
  },
  {
    source: 'learning/kernels/forest.as.ts',
    module: 'learning/kernels/forestWasm.ts',
    name: 'FOREST_WASM',
  },
  {
    source: 'learning/kernels/softmax.as.ts',
    module: 'learning/kernels/softmaxWasm.ts',
    name: 'SOFTMAX_WASM',
  },
];

/** 112: functions between source files take v128, which JavaScript could not hand over; it is never asked to. */
const FLAGS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--noExportMemory'],
  ...['--enable', 'simd', '--disableWarning', '112'],
];

/** The text of the module that carries the compilation of a kernel's source. @throws Error with what the compiler said */
export async function moduleOf({ source, name }: (typeof KERNELS)[number]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-kernels-'));
  try {
    const file = join(folder, 'kernels.wasm');
    const stderr = asc.createMemoryStream();
    const options = [source, '--baseDir', root, ...FLAGS, '--outFile', file];
    const { error } = await asc.main(options, { stderr });
    if (error) throw new Error(`${source} does not compile: ${stderr.toString()}`, { cause: error });
    const lines =
      readFileSync(file)
        .toString('base64')
        .match(/.{1,100}/g) ?? [];
    return `/** The compilation of ${source} by AssemblyScript, base64: \`npm run build-kernels\` writes it. */
export const ${name} =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
