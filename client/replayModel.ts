import { PerennialError } from '../config/errors.ts';
import type { ModelVersionRow } from '../store/types.ts';
import type { ClientContext } from './client.ts';
import { findGateway } from './gateway.ts';
import { startReplay, type Replay, type ReplayOptions } from './replay.ts';
import { holdOutRows } from './replayRows.ts';

export interface ReplayRequest extends Pick<ReplayOptions, 'rate' | 'labelDelayMs' | 'concurrency'> {
  /** Whose dataset it is; default: the champion's. Who answers is for the route to say. */
  version?: number;
  /** Rows that an earlier replay has done. */
  skip?: number;
}

export async function replayModel(
  context: ClientContext,
  model: ModelVersionRow,
  { skip = 0, ...how }: Omit<ReplayRequest, 'version'>,
): Promise<Replay> {
  const url = await findGateway(context);
  if (url === undefined) {
    throw new PerennialError('STACK_UNAVAILABLE', 'No gateway is alive.', {
      expected: 'a stack that is up, or `npx perennial serve`',
    });
  }
  const { home } = context.environment;
  return startReplay({
    ...how,
    url,
    name: model.name,
    rows: holdOutRows(context.store, model, { home, skip }),
  });
}
