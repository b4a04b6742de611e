import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireAgreement } from './agreement.ts';
import { openRollout, startLooks, watchRoute } from './canary.ts';
import type { Bed } from './gateways.ts';
import type { Server, Target } from './load.ts';
import { registerForest, trainForest } from './model.ts';
import { startPeer, type Peer, type PeerName } from './peers.ts';
import { bentoRow, fastapiRaw, fastapiRow, fastapiRows, mlflowRow, plainRow, v2Rows } from './requests.ts';
import { COMPARISONS, type ContestantId, type Work } from './works.ts';

/** A server and the request that it is driven with. */
export interface Contestant extends Server {
  id: ContestantId;
  /** Started before each of its measurements, ended after it by what it returns. */
  beside?: () => Promise<() => Promise<unknown>>;
}

export interface Field {
  contestants: Contestant[];
  /** Which versions of what each peer runs; absent where its Python was not given. */
  peers: Partial<Record<PeerName, string>>;
  modelBytes: number;
}

/** Everything that some work needs, started: our gateways on one Postgres, and the peers on the same ONNX file. */
export async function startAll(
  bed: Bed,
  works: readonly Work[],
  pythons: readonly string[],
  progress: (message: string) => void,
): Promise<Field> {
  const comparisons = COMPARISONS.filter(({ work }) => works.includes(work));
  progress('training the forests');
  const champion = await trainForest(1);
  await registerForest(bed.store, 'plain', champion);
  const modelFile = join(bed.home, 'model.onnx');
  writeFileSync(modelFile, champion.onnx);

  const peers = new Map<PeerName, Peer>();
  for (const name of new Set(comparisons.flatMap(({ peer }) => peer ?? []))) {
    progress(`starting ${name}`);
    const peer = await startPeer(bed, name, pythons, modelFile);
    if (peer) peers.set(name, peer);
  }

  let rollout = 0;
  if (works.includes('canary')) {
    await registerForest(bed.store, 'split', champion);
    await registerForest(bed.store, 'split', await trainForest(2));
    rollout = await openRollout(bed, 'split');
    await registerForest(bed.store, 'watched', champion);
    await watchRoute(bed, 'watched');
  }
  progress('starting the gateways');
  const one = await bed.startGateway(1, 1);
  const two = works.includes('processes') ? await bed.startGateway(2, 2) : undefined;
  const servers: Partial<Record<ContestantId, Server>> = {
    row: served(one, plainRow(one.url, 'plain')),
    rows: served(one, v2Rows(one.url, 'plain')),
    split: served(one, plainRow(one.url, 'split')),
    watched: served(one, plainRow(one.url, 'watched')),
    'two-processes': two && served(two, plainRow(two.url, 'plain')),
    ...peerServers(peers),
  };
  await requireAgreement(servers);
  const wanted = new Set(comparisons.flatMap(({ ours, other }) => [ours, other]));
  return {
    contestants: [...wanted].flatMap((id) => {
      const server = servers[id];
      if (!server) return [];
      return { id, ...server, beside: id === 'split' ? besideRollout(bed, rollout) : undefined };
    }),
    peers: Object.fromEntries([...peers].map(([name, { versions }]) => [name, versions])),
    modelBytes: champion.onnx.length,
  };
}

function besideRollout(bed: Bed, number: number): Contestant['beside'] {
  let dueMs = 0;
  return async () => {
    const end = await startLooks(bed, 'split', number, dueMs);
    return async () => void (dueMs = await end());
  };
}

function served({ pid }: { pid: number }, target: Target): Server {
  return { target, pid };
}

function peerServers(peers: ReadonlyMap<PeerName, Peer>): Partial<Record<ContestantId, Server>> {
  const [fastapi, bentoml, mlflow] = [peers.get('fastapi'), peers.get('bentoml'), peers.get('mlflow')];
  return {
    ...(fastapi && {
      'fastapi-row': served(fastapi, fastapiRow(fastapi.url)),
      'fastapi-rows': served(fastapi, fastapiRows(fastapi.url)),
      'fastapi-raw': served(fastapi, fastapiRaw(fastapi.url)),
    }),
    ...(bentoml && { 'bentoml-row': served(bentoml, bentoRow(bentoml.url)) }),
    ...(mlflow && { 'mlflow-row': served(mlflow, mlflowRow(mlflow.url)) }),
  };
}
