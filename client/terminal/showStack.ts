import { createLogUpdate } from 'log-update';
import type { StackEvent } from '../../embedded/supervisor.ts';
import type { Terminal } from './terminal.ts';

/** Shows how the stack starts: a line per part, redrawn on a terminal, a line per event elsewhere and after `stop`. */
export function showStack(terminal: Terminal): { onEvent: (event: StackEvent) => void; stop: () => void } {
  const { live, noteColors: colors } = terminal;
  const write = ({ part, message }: StackEvent): void =>
    terminal.note(message.startsWith(part) ? message : `${part}: ${message}`);
  if (!live) return { onEvent: write, stop: () => undefined };
  const log = createLogUpdate(live);
  const lines = new Map<string, string>();
  let stopped = false;
  return {
    onEvent(event) {
      if (stopped) return write(event);
      const { part, state, message } = event;
      const mark =
        state === 'ready' || state === 'back'
          ? colors.green('✔')
          : state === 'working'
            ? colors.cyan('▶')
            : colors.yellow('!');
      lines.set(part, `  ${mark} ${part.padEnd(WIDEST_PART)}  ${message}`);
      log([...lines.values()].join('\n'));
    },
    stop() {
      stopped = true;
      log.done();
    },
  };
}

const WIDEST_PART = 'orchestrator-0'.length;
