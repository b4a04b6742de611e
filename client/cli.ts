import { main } from './main.ts';

/** The command line; client/bin.mjs registers TypeScript and imports this. */
const code = await main(process.argv.slice(2));
// A definition may leave a timer or a socket behind, so the process is ended; first what it wrote goes out.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(code);
