import { sourceSchema, type DefinitionInput } from '../../config/definition.ts';
import { materializeDataset } from '../../sources/dataset.ts';
import { resolveSources } from '../../sources/resolve.ts';

// Started by dataset.test.ts: writes the snapshot that INPUT describes and prints what it is.

const input = JSON.parse(process.env.INPUT ?? '{}') as {
  sources: DefinitionInput['sources'];
  query: string;
  scratch: string;
  path: string;
};
const specs = Object.entries(input.sources).map(([name, spec]) => [name, sourceSchema.parse(spec)] as const);
const sources = await resolveSources(Object.fromEntries(specs), {
  baseDirectory: '/',
  scratch: input.scratch,
});
process.stdout.write(JSON.stringify(await materializeDataset({ ...input, sources })));
