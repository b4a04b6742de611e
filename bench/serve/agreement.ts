import type { Server, Target } from './load.ts';
import type { ContestantId } from './works.ts';

/**
 * Asks everybody once: those that run the same ONNX file must answer the same, or the figures compare different work.
 *
 * @throws where one does not
 */
export async function requireAgreement(servers: Partial<Record<ContestantId, Server>>): Promise<void> {
  const [ours, peers] = [
    await probabilityOf(servers.row),
    await Promise.all([servers['fastapi-row'], servers['bentoml-row']].map(probabilityOf)),
  ];
  for (const other of peers) {
    if (ours !== undefined && other !== undefined && Math.fround(ours) !== Math.fround(other)) {
      throw new Error(`the probability of one row is ${ours} here and ${other} there`);
    }
  }
  const [rows, raw] = await Promise.all([tensorsOf(servers.rows), tensorsOf(servers['fastapi-raw'])]);
  if (rows && raw && !rows.equals(raw)) throw new Error('the answers to 1,000 rows differ');
}

/** Of the positive class. */
async function probabilityOf(server: Server | undefined): Promise<number | undefined> {
  if (!server) return undefined;
  const answer = JSON.parse((await ask(server.target)).toString('utf8')) as {
    p?: number[];
    predictions?: { probabilities: Record<string, number> }[];
  };
  return answer.p?.[1] ?? answer.predictions?.[0].probabilities['1'];
}

/** Labels and probabilities as both forms have them at the end: 1,000 of 8 bytes, then 2,000 of 4. */
async function tensorsOf(server: Server | undefined): Promise<Buffer | undefined> {
  return server && (await ask(server.target)).subarray(-16_000);
}

async function ask({ url, body, headers }: Target): Promise<Buffer> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.ok) return bytes;
  throw new Error(`${url} answers ${response.status}: ${bytes.toString('utf8').slice(0, 500)}`);
}
