import { main } from '../../client/main.ts';
import type { Bench } from '../workflows/bench.ts';

/** What a person or a script gets of one command. */
export interface Answer {
  exitCode: number;
  /** The one JSON object of --json. */
  object: Record<string, unknown> & { error?: Failure };
  stderr: string;
}

export interface Failure {
  code: string;
  message: string;
  field: string | null;
  value: string | null;
  expected: string | null;
}

/** Runs the command line in this process, against the bench's servers and workers. */
export async function perennial(bench: Bench, ...args: string[]): Promise<Answer> {
  const { temporalAddress, databaseUrl, namespace, home } = bench.environment;
  const variables: Record<string, string | undefined> = {
    TEMPORAL_ADDRESS: temporalAddress,
    DATABASE_URL: databaseUrl,
    PERENNIAL_NAMESPACE: namespace,
    PERENNIAL_HOME: home,
  };
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  const out = divert(process.stdout);
  const err = divert(process.stderr);
  assign(variables);
  try {
    const exitCode = await main([...args, '--json']);
    const last = out.text().trimEnd().split('\n').at(-1) ?? '';
    return { exitCode, object: JSON.parse(last) as Answer['object'], stderr: err.text() };
  } finally {
    out.restore();
    err.restore();
    assign(before);
  }
}

function assign(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** Keeps what is written until it is restored. */
function divert(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  const chunks: string[] = [];
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array) => {
    chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return true;
  };
  return { text: () => chunks.join(''), restore: () => void (stream.write = write) };
}
