import { main } from './main.ts';

// Whoever read a stream has read enough (`| head`): the command goes on to its end, and its exit code is its own.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** The command line; client/bin.mjs registers TypeScript and imports this. */
const code = await main(process.argv.slice(2));
// A definition may leave a timer or a socket behind, so the process is ended; first what it wrote goes out.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(code);
