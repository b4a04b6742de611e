import { readEnvironment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import type { SupervisorMessage } from './stack.ts';
import { startStack } from './supervisor.ts';

/** The process behind `perennial up`: owns the stack of one home until it is told to stop. */
const halt = new AbortController();
const starting = startStack({
  environment: readEnvironment(),
  signal: halt.signal,
  onEvent: (event) => {
    log(`${event.part} ${event.state}: ${event.message}`);
    tell({ event });
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    halt.abort();
    // A start that was cut short has stopped everything itself, and says so below.
    void starting.then(
      (stack) => stack.stop().then(() => process.exit(0)),
      () => undefined,
    );
  });
}

try {
  await starting;
  tell({ ready: true });
  if (process.connected) process.disconnect();
} catch (error) {
  const { code, message } =
    error instanceof PerennialError ? error : { code: 'INTERNAL' as const, message: String(error) };
  log(`${code}: ${message}`);
  tell({ error: { code, message } }, () => process.exit(1));
}

/** Whoever waited may have gone; the stack stays. */
function tell(message: SupervisorMessage, done: () => void = () => undefined): void {
  if (process.send && process.connected) process.send(message, done);
  else done();
}

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}
